"""Makes a zip of a folder, as Lambda wants it, but without compressing: the emulator is next door.

    package.py FOLDER ZIP
"""
import pathlib
import sys
import zipfile

folder, target = map(pathlib.Path, sys.argv[1:])
with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
    for path in sorted(folder.rglob("*")):
        archive.write(path, path.relative_to(folder))
