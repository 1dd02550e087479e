// Sequence to sequence with recurrent layers: an encoder reads the source sentence, a decoder
// produces the translation word by word (Sutskever et al. 2014, Cho et al. 2014). With attention
// the decoder reads all states of the encoder at each step, not only the last one.
//
//   const Encoded encoded = encoder(source, lengths);                        // source (B, S)
//   const Tensor logits = teacher_forcing(decoder.begin(encoded), target);   // (B, T, V)
//   const Tensor ids = greedy_search(decoder.begin(encoded), B, {.begin = 1, .end = 2});
#pragma once
#include "nn/attention_decoder.h"
#include "nn/decoder.h"
#include "nn/decoding.h"
#include "nn/encoder.h"
