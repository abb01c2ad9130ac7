/**
 * A launch log as a CUDA runtime that does nothing writes one, of a model of two layers: 64 rows of
 * 1,024 tokens, dim 512, 8 and 4 heads of 64, MLP of 1,024, vocabulary 1,024, fp16.
 */

const half = '6__half';
const ort = 'N11onnxruntime4cuda';
const bert = 'N11onnxruntime7contrib4cuda';

/** Mangled names of ONNX Runtime 1.30's kernels, by what they do. */
export const NAMES = {
  gather: `_Z${ort}13_GatherKernelIsEEvllNS0_6DivModIiEES3_PKvmPKT_PS6_i`,
  scale: `_Z${ort}37_BinaryElementWiseRhsPerChannelBatchNI${half}S2_S2_NS0_6OP_MulIS2_S2_S2_EELi256ELi4EiEEvPKT0_PKT1_NS0_6DivModIiEESC_PT_T2_T5_`,
  add: `_Z${ort}24_BinaryElementWiseSimpleILb1ELb1E${half}S2_S2_NS0_6OP_AddIS2_S2_S2_EELi256ELi4EiEEvPKT2_PKT3_PT1_T4_T7_`,
  multiply: `_Z${ort}24_BinaryElementWiseSimpleILb1ELb1E${half}S2_S2_NS0_6OP_MulIS2_S2_S2_EELi256ELi4EiEEvPKT2_PKT3_PT1_T4_T7_`,
  relu: `_Z${ort}17_UnaryElementWiseI${half}S2_NS0_7OP_ReluIS2_EELi256ELi4EEEvPKT_PT0_T1_l`,
  norm: `_Z${ort}16cuApplyLayerNormI${half}fS2_Lb1EEEvPT1_PT0_S6_PKT_iiS5_PKS3_SB_iS9_S9_PS7_`,
  skipNorm: `_Z${bert}24SkipLayerNormKernelSmallI${half}Lj80ELi8ELb1EEEvPT_S5_PKS4_S7_S7_S7_S7_fii`,
  rotary: `_Z${bert}19RotaryEmbeddingBSNHI${half}Lb0EEEvPT_PKS4_S7_S7_PKlPKiiiiiiib4int4SC_`,
  split: `_Z${ort}12_SplitKernelIsEEvNS0_6DivModIiEES3_PKlS5_S5_iPKT_PPvi`,
  unpack: `_Z${bert}16UnpackRoPEAppendI${half}S3_Li16ELi64EEEvPKT_S6_S6_S6_PS4_PT0_S9_PKfSB_SB_iiiiiiPKiSD_S6_S6_iPKlbbbS6_S6_f`,
  flash:
    '_ZN11onnxruntime5flash16flash_fwd_kernelINS0_23Flash_fwd_kernel_traitsILi64ELi128ELi128ELi4ELb0ELb0EN7cutlass6half_tENS0_19Flash_kernel_traitsILi64ELi128ELi128ELi4ES4_EEEELb1ELb0ELb0ELb1ELb1ELb0ELb0EEEvNS0_16Flash_fwd_paramsE',
  spread: `_Z${ort}18_BinaryElementWiseIfffNS0_6OP_MulIfffEELb0ELb1ELi256ELi4EiEEviNS0_6TArrayIlLi8EEEPKT0_S5_PKT1_NS4_INS0_6DivModIiEELi8EEEPT_RKT2_T7_`,
  slice: `_Z${ort}12_SliceKernelILb0ELi4EiEEvNS0_6TArrayIlLi8EEES3_S3_NS2_INS0_6DivModIiEELi8EEEPKT1_PS7_i`,
  turn: `_Z${ort}17Transpose3DKernelIiLj32EEEvlllPKT_PS2_`,
  clear: '_ZN44_GLOBAL__N__e5dc1768_11_nll_cuda_cu_57ba19be11clear_flagsEP14bpb_cuda_flags',
  score: '_ZN3bpb4cuda12score_kernelINS0_4Fp16ENS0_7FastCapELi32EEEvNS0_7RequestET0_',
} as const;

export const kernel = (name: string, grid: string, block = '256,1,1') =>
  `K grid=${grid} block=${block} stream=0x7f00 ${name}`;

export const product = (m: number, n: number, k: number) =>
  `BLAS cublasGemmEx m=${m} n=${n} k=${k} at=2 ct=2 comp=68 ta=1 tb=0`;

const T = 65536;

const layer = [
  kernel(NAMES.scale, '32768,1,1'),
  kernel(NAMES.add, '32768,1,1'),
  kernel(NAMES.norm, '1,65535,1', '32,2,1'),
  product(256, T, 512),
  kernel(NAMES.norm, '1,65535,1', '32,1,1'),
  kernel(NAMES.rotary, '1024,64,4', '64,1,1'),
  product(512, T, 512),
  kernel(NAMES.norm, '1,65535,1', '32,1,1'),
  kernel(NAMES.rotary, '1024,64,8', '64,1,1'),
  product(256, T, 512),
  kernel(NAMES.flash, '8,64,8', '128,1,1'),
  'memcpyAsync 67108864 D->D kind=3 stream=0x7f00',
  product(512, T, 512),
  kernel(NAMES.skipNorm, '65536,1,1', '80,1,1'),
  product(1024, T, 512),
  kernel(NAMES.relu, '65536,1,1'),
  kernel(NAMES.multiply, '65536,1,1'),
  product(512, T, 1024),
];

/** What the device is asked in one batch, without the time before each line. */
export const BATCH: readonly string[] = [
  'eventRecord 0x1 on 0x7f00',
  'memcpyAsync 1048576 H->D kind=4 stream=0x7f00',
  kernel(NAMES.gather, '131072,1,1'),
  ...layer,
  ...layer,
  kernel(NAMES.norm, '1,65535,1', '32,2,1'),
  product(1024, T, 512),
  'memcpyAsync 134217728 D->D kind=3 stream=0x7f00',
  'memsetAsync 1120 stream=0x7f00',
  kernel(NAMES.clear, '1,1,1', '1,1,1'),
  kernel(NAMES.score, '512,1,1'),
];

/** A log of these lines, a microsecond apart. */
export const logOf = (lines: readonly string[]) =>
  lines.map((line, i) => `548.${String(i).padStart(6, '0')} ${line}\n`).join('');

/** A session's first batch, three more, a download, and a proof in another shape. */
export const LOG = logOf([
  'streamCreateWithFlags 0x7f00 flags=1',
  'cudaMalloc 4194304',
  'SYNC cudaMemcpy 1024 H->D kind=1 stream=(nil)',
  'BLAS cublasSetStream_v2',
  kernel(NAMES.split, '7,1,1'),
  ...BATCH,
  ...BATCH,
  'memcpyAsync 263200 D->H kind=4 stream=0x7f00',
  'SYNC stream 0x7f00',
  ...BATCH,
  'SYNC stream 0x7f00',
  kernel(NAMES.gather, '2048,1,1'),
  product(1024, 1024, 512),
  kernel(NAMES.score, '128,1,1'),
]);
