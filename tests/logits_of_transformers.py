"""logits_of_transformers.py ID,ID,... FOLDER...: loads model folders with the library transformers
and prints for each, as JSON, the logits of the token after these ids."""
import json
import sys

import torch
from transformers import GPT2LMHeadModel

ids = [[int(i) for i in sys.argv[1].split(",")]]
for folder in sys.argv[2:]:
    model, loaded = GPT2LMHeadModel.from_pretrained(folder, output_loading_info=True)
    for problem, names in loaded.items():
        if names:
            sys.exit(f"{folder}: {problem}: {names}")
    with torch.no_grad():
        print(json.dumps(model(torch.tensor(ids)).logits[0, -1].tolist()))
