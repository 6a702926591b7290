"""Writes the deployment package of a function: its program and the files that it reads.

    zip.py FUNCTION PROGRAM ZIP [--store]

The same content results in the same bytes. --store writes the zip without compression, which is faster
for packages that are not uploaded.
"""
import pathlib
import sys
import zipfile

# The folders of the repository that each function reads.
FOLDERS = {
    "detect": [],
    "issue": ["templates", "fonts"],
    "schedule-mail": [],
    "send-mail": ["templates/mail"],
    "bounce": [],
}

# The folders of a template that no render reads.
EXCLUDED_FOLDERS = {"samples", "snapshots"}

repository = pathlib.Path(__file__).resolve().parents[1]


def add(archive, path, name, mode):
    entry = zipfile.ZipInfo(name)
    entry.external_attr = (0o100000 | mode) << 16
    entry.compress_type = archive.compression
    archive.writestr(entry, path.read_bytes())


def main(function, program, target, *options):
    compression = zipfile.ZIP_STORED if "--store" in options else zipfile.ZIP_DEFLATED
    with zipfile.ZipFile(target, "w", compression) as archive:
        add(archive, pathlib.Path(program), "bootstrap", 0o755)
        for folder in FOLDERS[function]:
            for path in sorted((repository / folder).rglob("*")):
                name = path.relative_to(repository)
                if path.is_file() and not EXCLUDED_FOLDERS.intersection(name.parts):
                    add(archive, path, name.as_posix(), 0o644)


main(*sys.argv[1:])
