#!/usr/bin/env python3
"""Packs a folder into a .tar.gz or .zip file whose bytes depend on nothing but the files in it.

Usage: scripts/archive.py FOLDER ARCHIVE
"""

import gzip
import os
import shutil
import sys
import tarfile
import zipfile
from pathlib import Path

# 1980-01-01, the earliest time that a zip file can hold.
TIMESTAMP = 315532800
ZIP_DATE = (1980, 1, 1, 0, 0, 0)


def main() -> None:
    if len(sys.argv) != 3:
        sys.exit("usage: scripts/archive.py FOLDER ARCHIVE")
    folder, archive = Path(sys.argv[1]), Path(sys.argv[2])
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    entries = [(path, path.relative_to(folder.parent).as_posix()) for path in files]
    if archive.suffix == ".zip":
        write_zip(entries, archive)
    else:
        write_tar(entries, archive)


def write_tar(entries: list[tuple[Path, str]], archive: Path) -> None:
    with (
        archive.open("wb") as output,
        gzip.GzipFile(filename="", fileobj=output, mode="wb", compresslevel=6, mtime=0) as stream,
        tarfile.open(fileobj=stream, mode="w", format=tarfile.GNU_FORMAT) as tar,
    ):
        for path, name in entries:
            entry = tarfile.TarInfo(name)
            entry.size = path.stat().st_size
            entry.mode = mode(path)
            entry.mtime = TIMESTAMP
            with path.open("rb") as file:
                tar.addfile(entry, file)


def write_zip(entries: list[tuple[Path, str]], archive: Path) -> None:
    with zipfile.ZipFile(archive, "w") as output:
        for path, name in entries:
            entry = zipfile.ZipInfo(name, ZIP_DATE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = mode(path) << 16
            with path.open("rb") as file, output.open(entry, "w") as target:
                shutil.copyfileobj(file, target)


def mode(path: Path) -> int:
    return 0o755 if os.access(path, os.X_OK) else 0o644


if __name__ == "__main__":
    main()
