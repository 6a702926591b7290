"""Compiles a template with the stock Typst compiler: TEMPLATE_FOLDER SAMPLE FONTS OUTPUT.pdf"""
import sys
import typst

folder, sample, fonts, output = sys.argv[1:]
typst.compile(
    f"{folder}/main.typ",
    output=output,
    root=f"{folder}/..",
    font_paths=typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[fonts]),
    sys_inputs={"data": sample},
)
