// The commands of the program gradus. Each reads its own command line, in which argv[0] is the
// command's name, and returns the exit status; main prints the Error that it throws.
#pragma once

namespace gradus::gpt {

/// gradus train: trains a GPT on text files.
int run_train(int argc, char** argv);
/// gradus finetune: teaches a trained GPT to answer.
int run_finetune(int argc, char** argv);
/// gradus chat: a conversation with a trained GPT.
int run_chat(int argc, char** argv);
/// gradus generate: a trained GPT continues a text.
int run_generate(int argc, char** argv);
/// gradus tokenize: text to token ids, and back.
int run_tokenize(int argc, char** argv);

}  // namespace gradus::gpt
