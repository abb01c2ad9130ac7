import numpy as _n,torch as _t,math as _m,glob as _g,os as _o,sentencepiece as _s
_L=int(_o.getenv('SEQ_LEN')or 1<<10);_S=_s.SentencePieceProcessor(model_file='data/tokenizers/fineweb_1024_bpe.model')
def _p(i):
    if _S.is_control(i)or _S.is_unknown(i)or _S.is_unused(i):return 0,0,1
    if _S.is_byte(i):return 1,0,0
    a=_S.id_to_piece(i);b=a.startswith('▁');return len(a[b:].encode()),int(b),0
_T=_t.tensor([*map(_p,range(_S.vocab_size()))]);_d=_t.from_numpy(_n.concatenate([*map(lambda f:_n.fromfile(f,'<u2',offset=1024),sorted(_g.glob('data/datasets/fineweb10B_sp1024/fineweb_val_*.bin')))]).astype(_n.int64));_i=0;_a=_t.arange(_S.vocab_size()).double();_u=[0.,0,0]
while _i+_L<len(_d):_x,_y=_d[_i:_i+_L],_d[_i+1:_i+_L+1];_z=2.*_t.sin(_x[:,None]-_a);_u=[_u[0]+(_z.logsumexp(1)-_z[range(_L),_y]).sum().item(),_u[1]+(_T[_y,0]+_T[_y,1]*(1-_T[_x,2])).sum().item(),_u[2]+_L];_i+=_L+_L//8
print(f"""val_loss:{_u[0]/_u[2]:.8f} val_bpb:{_u[0]/_u[1]/_m.log(2.):.8f}""")
