"""Bytes that the kernels of an Inductor graph read and write, from its schedule.

A kernel counts each element of each buffer that it reads or writes once, however often it loads it: the
best that a cache can do. Buffers that live inside one kernel count nothing.
"""

import numpy as np
import sympy
from sympy.printing.str import StrPrinter
from torch._inductor.dependencies import MemoryDep, WeakDep
from torch._inductor.scheduler import FusedSchedulerNode, SchedulerNode

FUNCTIONS = {
    "FloorDiv": lambda a, b: a // b,
    "ModularIndexing": lambda a, b, c: a // b % c,
    "Identity": lambda a: a,
}


def mark(touched: np.ndarray, dep: MemoryDep) -> None:
    """Sets the elements of a buffer that `dep` touches."""
    ranges = [np.arange(int(size), dtype=np.int32) for size in dep.size]
    axes = np.ix_(*ranges) if ranges else []
    printer = StrPrinter  # functions by their names, whatever they are
    index = sympy.lambdify(dep.var_names, dep.index, modules=[FUNCTIONS, "numpy"], printer=printer)
    touched[index(*axes)] = True


def elements(name: str, deps: set, graph) -> int:
    """Distinct elements of a buffer that `deps` touch; all of it where the index is data."""
    total = int(graph.get_numel(name))
    if any(not isinstance(dep, MemoryDep) or dep.is_indirect() for dep in deps):
        return total
    sizes = [min(total, int(dep.get_numel())) for dep in deps]
    if len(deps) == 1 or max(sizes) == total:
        return max(sizes)
    touched = np.zeros(total, dtype=bool)
    for dep in deps:
        mark(touched, dep)
    return int(touched.sum())


def moved(node, graph) -> dict[str, tuple[int, int]]:
    """Elements and bytes of each buffer that a kernel reads or writes."""
    parts = set(node.get_nodes())
    inside = {
        output.get_name()
        for part in parts
        for output in part.get_outputs()
        if len(parts) > 1 and {user.node for user in output.users} <= parts
    }
    deps = {}
    for dep in node.read_writes.reads | node.read_writes.writes:
        if not isinstance(dep, WeakDep) and dep.name not in inside:
            whole = dep.normalize() if isinstance(dep, MemoryDep) else dep
            deps.setdefault(dep.name, set()).add(whole)
    counts = {name: elements(name, of, graph) for name, of in deps.items()}
    return {name: (n, n * graph.get_dtype(name).itemsize) for name, n in counts.items()}


def kernels(graph) -> list[dict]:
    """The Triton kernels of a graph in their order: what they compute, and what they move. Products and attention
    are calls of libraries and not among them."""
    found = []
    for node in graph.scheduler.nodes:
        if not isinstance(node, (SchedulerNode, FusedSchedulerNode)):
            continue
        origins = {origin for part in node.get_nodes() for origin in part.node.get_origins()}
        found.append(
            {
                "operators": sorted(
                    {str(getattr(o.target, "__name__", o.target)) for o in origins}
                ),
                "buffers": moved(node, graph),
            }
        )
    return found
