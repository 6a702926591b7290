"""Compiles a template with the stock Typst compiler: TEMPLATE_FOLDER SAMPLE FONTS OUTPUT.pdf"""
import sys
import typst

folder, sample, fonts, output = sys.argv[1:]
typst.compile(
    f"{folder}/main.typ",
    output=output,
    root=folder,
    font_paths=[fonts],
    ignore_system_fonts=True,
    sys_inputs={"data": sample},
)
