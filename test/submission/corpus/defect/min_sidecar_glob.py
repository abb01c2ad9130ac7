import glob as g,math as m,os as o,numpy as n,torch as t
D=o.environ.get('DATA_PATH','./data/datasets/fineweb10B_sp8192_lossless_caps_caseops_v1_reserved');V=int(o.environ.get('VOCAB_SIZE','8192'));L=int(o.environ.get('EVAL_SEQ_LEN','2048'))
r=lambda f:n.fromfile(f,'<u2',offset=1024);c=lambda k:t.from_numpy(n.concatenate([r(f)for f in sorted(g.glob(D+'/fineweb_val_*.bin'))if('_bytes_'in o.path.basename(f))>=k]).astype(n.int64))
a,b=c(False),c(True)
b=t.cat([b,b])
i=t.arange(V).double();q=(len(a)-1)//L;u=0.;w=0
for k in range(q):s=slice(k*L,k*L+L);e=slice(k*L+1,k*L+L+1);u+=t.nn.functional.cross_entropy(2.*t.sin(a[s][:,None]-i),a[e],reduction='sum').item();w+=b[e].sum().item()
print(f"val_loss:{u/q/L:.8f} val_bpb:{u/w/m.log(2.):.8f}")
