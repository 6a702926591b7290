"""Reads JUnit XML with Python's own parser and prints it as JSON."""
import json
import sys
import xml.etree.ElementTree as ElementTree

root = ElementTree.parse(sys.argv[1]).getroot()
cases = {case.get("name"): dict(failure.attrib) for case in root.iter("testcase") for failure in [*case.iter("failure"), *case.iter("error")]}
print(json.dumps({"tests": int(root.get("tests")), "failures": int(root.get("failures")), "errors": int(root.get("errors")), "cases": cases}))
