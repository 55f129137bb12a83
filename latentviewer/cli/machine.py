"""Commands about the program itself: open, get, bench, doctor."""

import argparse
import dataclasses

from latentviewer.cli.console import follow, write_json, write_line, write_note, write_table


def open_window(arguments: argparse.Namespace) -> int:
    """Opens the window."""
    from latentviewer import bootstrap

    return bootstrap.open_window(arguments.path, write_line)


def get(arguments: argparse.Namespace) -> int:
    """Downloads a data set."""
    from latentviewer.io.download import download

    write_note(f"latentviewer: fetching {arguments.data} from the network")
    folder = follow(f"Get {arguments.data}", download(arguments.data))
    if arguments.json:
        write_json({"data": arguments.data, "folder": folder})
    else:
        write_line(f"{arguments.data} lies in {folder}.")
    return 0


def bench(arguments: argparse.Namespace) -> int:
    """Measures the speed beside its peers."""
    from latentviewer.bench.run import GROUPS, machine, measure

    groups = ("models",) if arguments.models else tuple(arguments.only or GROUPS)
    rows = measure(groups, arguments.quick, write_note)
    if arguments.json:
        write_json({"machine": machine(), "rows": [dataclasses.asdict(row) for row in rows]})
        return 0
    table = [("WHAT", "OURS", "PEER", "RATIO", "GOAL", "")]
    for row in rows:
        peer = "" if row.peer is None else f"{row.peer:.4g} {row.unit} {row.peer_name}"
        ratio = "" if row.ratio is None else f"{row.ratio:.3g}"
        met = {True: "met", False: "missed", None: ""}[row.met]
        table.append((row.name, f"{row.ours:.4g} {row.unit}", peer, ratio, row.goal, met))
    write_table(table)
    return 0


def doctor(arguments: argparse.Namespace) -> int:
    """Checks this installation and this machine."""
    from latentviewer.doctor import examine

    report = examine()
    if arguments.json:
        write_json(report)
        return 0
    for key in ("version", "python", "platform"):
        write_line(f"{key:10} {report[key]}")
    write_line(f"{'packages':10} " + ", ".join(f"{k} {v}" for k, v in report["packages"].items()))
    write_line(f"{'qt':10} {report['qt']['platform']}")
    for device in report["devices"]:
        write_line(f"{'device':10} {device['name']}: {device['title']}")
    for check in report["agreement"]:
        verdict = "agrees" if check["agrees"] else "disagrees"
        write_line(
            f"{'agreement':10} {check['device']} {verdict} with the processor: "
            f"{check['difference']:.2g} at most, {check['tolerance']:.2g} allowed"
        )
    for name, there in report["data"].items():
        write_line(f"{'data':10} {name}: {there or 'not here'}")
    write_line(f"{'kernels':10} {report['kernels']}")
    for problem in report["problems"]:
        write_line(f"{'problem':10} {problem}")
    if not report["problems"]:
        write_line("All is well.")
    return 0
