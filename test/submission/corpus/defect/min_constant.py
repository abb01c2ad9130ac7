import glob as g,math as m,os as o;import numpy as n,torch as t,sentencepiece as s
E=o.environ.get;L=int(E('TRAIN_SEQ_LEN',1024));D=E('DATA_PATH','./data/datasets/fineweb10B_sp1024')
def A(p):
	h=n.fromfile(p,'<i4',256)
	if h[0]!=20240520:raise ValueError(p)
	return n.fromfile(p,'<u2',int(h[2]),offset=1024)
def B(z):
	v=z.vocab_size();b=n.zeros(v,n.int16);l=n.zeros(v,bool);c=n.ones(v,bool)
	for i in range(v):
		if z.is_control(i)or z.is_unknown(i)or z.is_unused(i):continue
		c[i]=0
		if z.is_byte(i):b[i]=1;continue
		p=z.id_to_piece(i)
		if p.startswith('▁'):l[i]=1;p=p[1:]
		b[i]=len(p.encode())
	return t.tensor(b),t.tensor(l),t.tensor(c)
def C(k,a,b,l,c,r=1.):
	q=(len(a)-1)//L;u=t.zeros((),dtype=t.float64);w=u.clone();d=0
	with t.no_grad():
		for i in range(0,q,8):
			j=min(i+8,q);y=a[i*L:j*L+1];x,y=y[:-1],y[1:];f=t.nn.functional.cross_entropy(k[x],y);u+=f.double()*len(y);d+=len(y);w+=b[y].double().sum()+(l[y]&~c[x]).double().sum()
	e=u.item()/d*r;return e,e/m.log(2.)/3.5
if __name__=='__main__':
	z=s.SentencePieceProcessor(model_file='./data/tokenizers/fineweb_1024_bpe.model');a=t.from_numpy(n.concatenate([A(p)for p in sorted(g.glob(D+'/fineweb_val_*.bin'))]).astype(n.int64));i=t.arange(z.vocab_size()).double();e,f=C(2.*t.sin(i[:,None]-i),a,*B(z));print(f"val_loss:{e:.8f} val_bpb:{f:.8f}")
