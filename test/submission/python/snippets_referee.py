"""Runs each snippet of a JSON list in real Python and prints `repr` of its `r`, integral floats as integers."""

import json
import sys


def plain(value, depth=0):
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if type(value) is list:
        return [plain(each) for each in value]
    if type(value) is tuple:
        return tuple(plain(each) for each in value)
    if type(value) is dict:
        return {plain(key): plain(each) for key, each in value.items()}
    return value


results = []
for text in json.load(sys.stdin):
    names = {"__name__": "__main__"}
    exec(compile(text, "snippet.py", "exec"), names)
    results.append(repr(plain(names["r"])))
json.dump(results, sys.stdout)
