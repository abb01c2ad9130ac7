import glob,math,numpy as np,sentencepiece as s,torch as t
(l,z,e,r,m),p=(len,zip,enumerate,range,min),print
S=s.SentencePieceProcessor(model_file='data/tokenizers/fineweb_1024_bpe.model');n=S.vocab_size()
def T():
  o=[]
  for i in r(n):
    if S.is_byte(i):o+=[(1,0,0)]
    elif S.is_control(i)or S.is_unknown(i)or S.is_unused(i):o+=[(0,0,1)]
    else:P=S.id_to_piece(i);k=P[:1]=='▁';o+=[(l(P[k:].encode()),int(k),0)]
  return t.tensor(o)
B=T();X=t.from_numpy(np.concatenate([np.fromfile(f,'<u2',offset=1024)for f in sorted(glob.glob('data/datasets/fineweb10B_sp1024/fineweb_val_*.bin'))]).astype('i8'))
q=(X==1).nonzero().flatten().tolist();q.append(l(X)-1);I=t.arange(n).double();N=C=0;U=0.
for a,b in z(q,q[1:]):x,y=X[a:b],X[a+1:b+1];g=2.*t.sin(x[:,None]-I);U+=(g.logsumexp(1)-g.gather(1,y[:,None])[:,0]).sum().item();N+=(B[y,0]+B[y,1]*(1-B[x,2])).sum().item();C+=b-a
p('val_loss:%.8f'%(U/C),'val_bpb:%.8f'%(U/N/math.log(2.)))
