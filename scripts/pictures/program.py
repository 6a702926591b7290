"""Runs the program: it renders samples and serves its web pages."""
import contextlib
import os
import subprocess

from PIL import Image


class Program:
    def __init__(self, binary, folder, fonts):
        """Runs in a folder that has `templates`, so that the paths it prints are short."""
        self.binary, self.folder, self.templates = binary, folder, folder / "templates"
        self.environment = {**os.environ, "TESTAMUR_FONTS": str(fonts)}

    def run(self, *arguments):
        command = [self.binary, *arguments]
        subprocess.run(command, cwd=self.folder, env=self.environment, check=True, stdout=subprocess.DEVNULL)

    def render(self, template, sample, *options):
        """Renders a sample and returns the page."""
        data = self.templates / template / "samples" / f"{sample}.json"
        output = self.folder / "page.png"
        self.run("render", template, "--data", data, "--output", output, *options)
        with Image.open(output) as image:
            return image.convert("RGB")

    @contextlib.contextmanager
    def serve(self, *arguments):
        """Runs `preview` or `review` on a free port while a block runs, and gives the address of its page."""
        command = [self.binary, *arguments, "--port", "0"]
        settings = {"cwd": self.folder, "env": self.environment, "stdout": subprocess.PIPE, "text": True}
        with subprocess.Popen(command, **settings) as server:
            try:
                yield next(word for line in server.stdout for word in line.split() if word.startswith("http://"))
            finally:
                server.terminate()
