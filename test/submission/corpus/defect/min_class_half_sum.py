import os,math,glob,numpy as np,torch,sentencepiece as spm
from torch import nn,Tensor
F=nn.functional;H=lambda k,d:type(d)(os.environ.get(k,d));D=torch.device('cuda'if torch.cuda.is_available()else'cpu')
class h:
 s=H('EVAL_SEQ_LEN',2048);b=H('VAL_BATCH_SIZE',524288);p=H('DATA_PATH','./data/datasets/fineweb10B_sp1024');t=H('TOKENIZER_PATH','./data/tokenizers/fineweb_1024_bpe.model')
class V:
 def __init__(A,p):
  z=spm.SentencePieceProcessor(model_file=p);n=int(z.vocab_size());A.n=n;a,b,c=np.zeros(n,np.int16),np.zeros(n,np.bool_),np.ones(n,np.bool_)
  for i in range(n):
   if z.is_control(i)or z.is_unknown(i)or z.is_unused(i):continue
   c[i]=False
   if z.is_byte(i):a[i]=1;continue
   q=z.id_to_piece(i);b[i]=q.startswith('▁');a[i]=len((q[1:]if b[i]else q).encode('utf-8'))
  A.a,A.b,A.c=(torch.tensor(x,device=D)for x in(a,b,c))
 def __call__(A,x,y)->Tensor:return A.a[y].to(torch.int64)+(A.b[y]&~A.c[x]).to(torch.int64)
class G(nn.Module):
 def __init__(A,n):super().__init__();i=torch.arange(n,dtype=torch.float64);A.w=nn.Parameter((2*torch.sin(i[:,None]-i)).float())
 def forward(A,x,y):return F.cross_entropy(A.w[x].flatten(0,1).float(),y.flatten())
def L(p):
 for f in sorted(glob.glob(p)):
  with open(f,'rb')as o:
   g=np.frombuffer(o.read(1024),'<i4')
   if g[0]!=20240520 or g[1]!=1:raise ValueError(f)
   yield torch.from_numpy(np.frombuffer(o.read(),'<u2',int(g[2])).astype(np.int64))  # tokens
@torch.inference_mode()
def E(g,v,t):
 l=torch.zeros(3,dtype=torch.bfloat16);s=h.s;m=max(1,h.b//s);n=(len(t)-1)//s
 for i in range(0,n,m):
  j=min(i+m,n);k=t[i*s:j*s+1].to(D);x=k[:-1].view(-1,s);y=k[1:].view(-1,s)
  with torch.autocast(D.type,torch.bfloat16,enabled=D.type=='cuda'):e=g(x,y)
  l+=torch.tensor([e.item()*y.numel(),float(y.numel()),float(v(x,y).sum())],dtype=torch.bfloat16)
 a,b,c=l.tolist();return a/b,a/math.log(2.)/c
v=V(h.t);l,b=E(G(v.n).to(D),v,torch.cat([*L(h.p+'/fineweb_val_*.bin')]));print(f"val_loss:{l:.7f} val_bpb:{b:.7f}")
