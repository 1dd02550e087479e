// What lesson 14's GPT answers.
#pragma once
#include "lessons/answers/questions.h"
#include "nn/gpt.h"

namespace gradus::lessons {

/// How a question is written for the model, up to where its answer begins.
using Prompt = std::function<std::vector<int64_t>(const std::string& question)>;
/// As in the training: <|user|>, the question, <|assistant|>.
Prompt prompt_of(const gpt::ChatFormat& format);
/// As plain text: a line end, the question and `after`.
Prompt plain_prompt(const text::Tokenizer& tokenizer, const std::string& after = "");

/// The share of the questions that the model answers exactly: with the words of the answer and then
/// `end`, if it is given. Generating token by token is not needed for this: with the largest logit,
/// the model gives exactly this answer if at each of its tokens, after the right ones before it,
/// the largest logit is that of the right token.
double share_right(const nn::Gpt& model, const text::Tokenizer& tokenizer, const Prompt& prompt,
                   const std::vector<Question>& questions, std::optional<int64_t> end);
/// The same for each kind of question.
std::vector<double> shares_right(const nn::Gpt& model, const text::Tokenizer& tokenizer,
                                 const Prompt& prompt, const std::vector<TestQuestions>& tests,
                                 std::optional<int64_t> end);
/// With the prompt of the training and <|end|>.
std::vector<double> shares_right(const nn::Gpt& model, const gpt::ChatFormat& format,
                                 const std::vector<TestQuestions>& tests);

/// A table of percentages: a row for each name, with the shares of each kind of questions.
using NamedShares = std::pair<std::string, std::vector<double>>;
std::string table_of_shares(const std::vector<TestQuestions>& tests,
                            const std::vector<NamedShares>& rows);

/// The tokens that the model writes after the prompt, at most so many, up to `end`.
std::string written_after(const nn::Gpt& model, const text::Tokenizer& tokenizer,
                          const std::vector<int64_t>& prompt, int64_t tokens,
                          std::optional<int64_t> end = {});

/// The answers to the questions, one below another, each with the word right or wrong.
std::string answers_to(const nn::Gpt& model, const gpt::ChatFormat& format,
                       const std::vector<Question>& questions);

/// A text in one line, which is cut if it is long: "|" is a line end.
std::string shown_line(std::string text);

}  // namespace gradus::lessons
