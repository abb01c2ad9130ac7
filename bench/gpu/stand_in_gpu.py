"""An H100 by its properties alone, for PyTorch on a machine without a GPU: with it torch.compile traces,
schedules and writes Triton kernels for fake tensors on `cuda:0`, as far as their source. Nothing is
compiled to machine code, allocated or run.

For torch 2.11: it replaces functions that are no interface of PyTorch's.
"""

from types import SimpleNamespace

import torch
import torch._inductor.config
import torch._inductor.fx_passes.fuse_attention as fuse_attention
import torch.utils._triton
from torch._dynamo import device_interface
from torch._inductor.graph import GraphLowering
from torch._inductor.virtualized import V
from triton.backends.compiler import GPUTarget
from triton.runtime import driver

CAPABILITY = (9, 0)
PROPERTIES = SimpleNamespace(
    name="H100 SXM",
    major=CAPABILITY[0],
    minor=CAPABILITY[1],
    multi_processor_count=132,
    regs_per_multiprocessor=65536,
    max_threads_per_multi_processor=2048,
    max_threads_per_block=1024,
    warp_size=32,
    shared_memory_per_block=49152,
    shared_memory_per_block_optin=232448,
    L2_cache_size=50 << 20,
    total_memory=80 << 30,
    gcnArchName="",
)


class Interface(device_interface.CudaInterface):
    class Worker(device_interface.CudaInterface.Worker):
        get_device_properties = staticmethod(lambda device=None: PROPERTIES)
        current_device = staticmethod(lambda: 0)

    get_device_properties = staticmethod(lambda device=None: PROPERTIES)
    get_compute_capability = staticmethod(lambda device=None: 90)
    current_device = staticmethod(lambda: 0)
    is_available = staticmethod(lambda: True)
    is_triton_capable = staticmethod(lambda device=None: True)
    raise_if_triton_unavailable = staticmethod(lambda device=None: None)
    is_bf16_supported = staticmethod(lambda including_emulation=False: True)


TRITON_DRIVER = SimpleNamespace(
    get_current_target=lambda: GPUTarget("cuda", 90, 32),
    get_current_device=lambda: 0,
    get_current_stream=lambda device=0: 0,
    get_device_capability=lambda device=0: CAPABILITY,
)


def flash_attention(q, k, v, is_causal=False, enable_gqa=False):
    """scaled_dot_product_attention as PyTorch takes it on a GPU under autocast: the choice of the kernel asks a
    driver, so it is made here. The flash kernel reads each key head for its group of query heads."""
    q, k, v = (x.to(torch.get_autocast_dtype("cuda")) for x in (q, k, v))
    return torch.ops.aten._scaled_dot_product_flash_attention(q, k, v, 0.0, is_causal, False)[0]


def install() -> None:
    device_interface.get_interface_for_device("cpu")  # fills the table
    for name in ("cuda", "cuda:0"):
        device_interface.register_interface_for_device(name, Interface)
    torch.cuda.get_device_capability = lambda device=None: CAPABILITY
    torch.cuda.get_device_properties = lambda device=None: PROPERTIES
    torch.cuda.current_device = lambda: 0
    torch.cuda.amp.common.amp_definitely_not_available = lambda: False
    driver.set_active(TRITON_DRIVER)
    torch.utils._triton.triton_hash_with_backend = lambda: "none"
    # Patterns of attention that is spelled out, none of which is in a graph with the operator.
    fuse_attention._sfdp_init = lambda *args, **kwargs: None
    torch._inductor.config.force_disable_caches = True
    torch._inductor.config.compile_threads = 1
    torch.nn.functional.scaled_dot_product_attention = flash_attention


class Written(Exception):
    """Ends a compilation as soon as the kernels' source is there."""


def schedule_of(run, *inputs, count):
    """`count(graph, source)` of the graph that Inductor makes of `run(*inputs)`, in inference mode.

    @raises RuntimeError where not all of it is one graph."""
    found = []

    def write(graph):
        source, _ = graph.codegen()
        with V.set_graph_handler(graph):
            found.append(count(graph, source.value))
        raise Written

    GraphLowering._compile_to_module = write
    torch._dynamo.reset()
    try:
        with torch.inference_mode():
            torch.compile(run, dynamic=False, fullgraph=True)(*inputs)
    except Exception:
        if len(found) != 1:
            raise
    return found[0]
