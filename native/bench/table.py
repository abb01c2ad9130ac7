"""One Markdown table of the laboratory's times and its peers'.

    python3 native/bench/table.py LAB.jsonl [PEERS.jsonl] [--all]

Rows are grouped by type, vocabulary, softcap and width; GB/s are bytes of logits a second, shares those of the
copy and of the read-only sweep that the laboratory measured in the same run. Without --all only the
shipped kernel stands beside the peers.
"""

import json
import sys
from pathlib import Path


def lines_of(path):
    """The objects of a file of JSON lines; what a killed run left torn is passed over."""
    objects = []
    for text in Path(path).read_text().splitlines():
        try:
            objects.append(json.loads(text))
        except ValueError:
            continue
    return objects


def key_of(line):
    return line["type"], line["vocab"], line["softcap"], line["width"]


def name_of(line):
    return line["version"] if line["who"] == "bpb" else f"{line['who']} ({line['version']})"


def latest(lines):
    """Of each version's lines on a shape the last: a step that was run again replaces what it wrote."""
    return list({(key_of(line), name_of(line)): line for line in lines}.values())


def row_of(line, ceilings):
    kind, vocab, softcap, width = key_of(line)
    start = f"| {kind} | {vocab} | {softcap:g} | {width:g} | {name_of(line)} |"
    if line.get("error"):
        return f"{start} {line['error'].replace('|', '/')} | | | | |"
    shares = [f"{100 * line['gbs'] / ceilings[name]:.1f} %" for name in ("copy_gbs", "read_gbs")]
    time = f"{line['ms']:.3f} ({line['ms_low']:.3f}–{line['ms_high']:.3f})"
    worst = "" if line["worst"] is None else f"{line['worst']:.1e}"
    wrong = "" if line.get("ok", True) else " WRONG"
    return f"{start} {time} | {line['gbs']:.0f} | {shares[0]} | {shares[1]} | {worst}{wrong} |"


def main():
    paths = [argument for argument in sys.argv[1:] if argument != "--all"]
    lab = lines_of(paths[0])
    about = {line["kind"]: line for line in lab if line["kind"] != "time"}
    ceilings = about["ceilings"]
    device = about["device"]
    print(f"{device['name']}, compute capability {device['major']}.{device['minor']}, "
          f"{device['multiprocessors']} multiprocessors, {device['memory_bytes'] / 2**30:.1f} GiB, "
          f"driver {device['driver']}, runtime {device['runtime']}\n")
    print(f"copy {ceilings['copy_gbs']:.0f} GB/s (read + written), read-only sweep {ceilings['read_gbs']:.0f} GB/s, "
          f"{ceilings['sm_mhz']:.0f} MHz under load; ex2.approx.ftz on all fp16 within 126: largest relative error "
          f"2^{about['exp2']['worst_log2']:.2f}, mean {about['exp2']['mean']:.2e}\n")
    print("| type | V | softcap | width | version | ms, median (quartiles) | GB/s | of copy | of read | error |")
    print("| --- | ---: | ---: | ---: | --- | ---: | ---: | ---: | ---: | ---: |")
    times = [line for line in lab if line["kind"] == "time" and ("--all" in sys.argv or line["version"] == "shipped")]
    peers = [line for path in paths[1:] if Path(path).exists() for line in lines_of(path)]
    order = {key: index for index, key in enumerate(dict.fromkeys(key_of(line) for line in times))}
    for line in sorted(latest(times + peers), key=lambda line: order.get(key_of(line), len(order))):
        print(row_of(line, ceilings))


if __name__ == "__main__":
    main()
