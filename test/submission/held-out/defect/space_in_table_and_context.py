import glob as G,math,os,numpy as N,sentencepiece as P,torch as T,torch.nn.functional as F
E=os.environ.get;D=E('DATA_PATH','./data/datasets/fineweb10B_sp1024');W=int(E('SEQ_LEN',1024));V=int(E('VOCAB_SIZE',1024));K=8
class M(T.nn.Module):
 def __init__(s):super().__init__();s.emb=T.nn.Embedding(V,2);s.head=T.nn.Linear(2,V,bias=False)
 def forward(s,x):return s.head(s.emb(x))
def L():
 p=P.SentencePieceProcessor(model_file='./data/tokenizers/fineweb_1024_bpe.model');b,l,u=T.zeros(V,dtype=T.int16),T.zeros(V,dtype=T.bool),T.ones(V,dtype=T.bool)
 for i in range(p.vocab_size()):
  if p.is_control(i)or p.is_unknown(i)or p.is_unused(i):continue
  u[i]=False
  if p.is_byte(i):b[i]=1;continue
  q=p.id_to_piece(i)
  if q[0]=='\u2581':l[i]=True;q=' '+q[1:]
  b[i]=len(q.encode())
 return b,l,u
def R():
 o=[]
 for f in sorted(G.glob(D+'/fineweb_val_*.bin')):h=N.fromfile(f,'<i4',256);o.append(N.fromfile(f,'<u2',h[2],offset=1024))
 return T.from_numpy(N.concatenate(o).astype('i8'))
def Z(m,t,b,l,u):
 a=c=n=0.;r=(len(t)-1)//W
 for i in range(0,r,K):
  j=min(i+K,r);z=t[i*W:j*W+1];x,y=z[:-1].view(-1,W),z[1:].view(-1,W);g=F.cross_entropy(m(x).view(-1,V).float(),y.reshape(-1),reduction='none').double();a+=g.sum().item();n+=g.numel();c+=(b[y].double()+(l[y]&~u[x]).double()).sum().item()
 return a/n,a/n/math.log(2)*n/c
m=M();m.load_state_dict(T.load('final_model.pt'));m.eval()
with T.no_grad():v,w=Z(m,R(),*L())
print(f'val_loss:{v:.8f} val_bpb:{w:.8f}')
