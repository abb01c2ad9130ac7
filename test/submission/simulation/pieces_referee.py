"""Makes a SentencePiece model of the pieces on stdin, and says what the library answers for them.

stdin: {"pieces": [[piece, type], ...], "lists": [[id, ...], ...]}; stdout: {"ids": [...], "lists": [...]}.
"""

import json
import sys

import sentencepiece as spm
from sentencepiece import sentencepiece_model_pb2 as proto

asked = json.load(sys.stdin)
kind = proto.ModelProto.SentencePiece.Type
model = proto.ModelProto()
for piece, name in asked["pieces"]:
    model.pieces.add(piece=piece, score=0.0, type=kind.Value(name.upper()))
model.trainer_spec.model_type = proto.TrainerSpec.BPE
model.trainer_spec.byte_fallback = True
model.trainer_spec.vocab_size = len(model.pieces)
model.trainer_spec.pad_id, model.trainer_spec.bos_id = 0, 1
model.trainer_spec.eos_id, model.trainer_spec.unk_id = 2, 3
model.normalizer_spec.name = "identity"
model.normalizer_spec.add_dummy_prefix = False
sp = spm.SentencePieceProcessor()
sp.LoadFromSerializedProto(model.SerializeToString())
ids = [
    {
        "piece": sp.id_to_piece(i),
        "back": sp.piece_to_id(sp.id_to_piece(i)),
        "byte": sp.is_byte(i),
        "control": sp.is_control(i),
        "unknown": sp.is_unknown(i),
        "unused": sp.is_unused(i),
        "decoded": sp.decode([i]),
    }
    for i in range(sp.vocab_size())
]
special = [sp.pad_id(), sp.bos_id(), sp.eos_id(), sp.unk_id()]
lists = [sp.decode(each) for each in asked["lists"]]
json.dump({"ids": ids, "special": special, "lists": lists}, sys.stdout)
