"""Makes the package of a function: its program, and what it reads.

    zip.py FUNCTION PROGRAM ZIP [--store]

The same content gives the same bytes. With --store nothing is compressed, which is faster where nothing is uploaded.
"""
import pathlib
import sys
import zipfile

# What each function reads besides its program.
PARTS = {"detect": [], "issue": ["templates", "fonts"], "schedule-mail": [], "send-mail": ["templates/mail"], "bounce": []}

# Parts of a template that no render sees.
EXCLUDED_DIRS = {"samples", "snapshots"}

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
        for part in PARTS[function]:
            for path in sorted((repository / part).rglob("*")):
                name = path.relative_to(repository)
                if path.is_file() and not EXCLUDED_DIRS.intersection(name.parts):
                    add(archive, path, name.as_posix(), 0o644)


main(*sys.argv[1:])
