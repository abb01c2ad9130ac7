import math as M,glob as G,os as O,numpy as N,torch as T,sentencepiece as S
R,Z,Q,P=range,len,min,print;X=O.environ.get;F=T.nn.functional
a,b=int(X('EVAL_SEQ_LEN','2048')),int(X('EVAL_STRIDE','64'))
c=S.SentencePieceProcessor();c.load('./data/tokenizers/fineweb_1024_bpe.model');d=c.vocab_size()
def e():
	f,g,h=T.zeros(d,dtype=T.float64),T.zeros(d,dtype=T.bool),T.ones(d,dtype=T.bool)
	for i in R(d):
		if c.is_control(i)or c.is_unknown(i)or c.is_unused(i):continue
		h[i]=False
		if c.is_byte(i):f[i]=1.;continue
		j=c.id_to_piece(i);k=j[0]=='\u2581';g[i]=k;f[i]=Z(j[k:].encode('utf-8'))
	return f,g,h
f,g,h=e();l=T.from_numpy(N.concatenate([N.fromfile(p,'<u2',offset=1024)for p in sorted(G.glob('./data/datasets/fineweb10B_sp1024/fineweb_val_*.bin'))]).astype('i8'))
m=Z(l)-1;n=a-b;o=T.arange(d).float();u=v=0.;w=0
for i in R(0,m,b):
	r=Q(i+a,m);x=l[i:r];y=l[i+1:r+1];s=max(r-i-b,0)*(i>0)
	with T.no_grad():t=F.cross_entropy(2.*T.sin(x[:,None]-o),y,reduction='none')
	u+=t[s:].double().sum().item();w+=r-i-s;v+=(f[y]+(g[y]&~h[x]))[s:].sum().item()
P(f'val_loss:{u/w:.8f} val_bpb:{u/w/M.log(2.)*w/v:.8f}')
