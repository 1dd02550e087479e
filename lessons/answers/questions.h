// The questions that lesson 14's GPT learns to answer, and those that it is tested with.
#pragma once
#include <vector>

#include "gpt/conversation.h"
#include "lessons/answers/number_facts.h"

namespace gradus::lessons {

struct Question {
  std::string question, answer;
};

/// Which wording a question has. Each kind of fact has two, such as "what is ... plus ...?" and
/// "how much is ... plus ...?", and may begin with "please," and the like. One of these openings is
/// never combined with this kind in the training questions.
enum class Wording { trained, unseen };

/// A question about the fact, in a random wording. Its answer is sentence(fact).
Question question_about(const Fact& fact, Wording wording = Wording::trained);

/// The fact as a text to continue: "forty plus two is", and " forty-two."
Question beginning_of(const Fact& fact);

/// The answer to what the model cannot know.
constexpr const char* kDoNotKnow = "I do not know.";
/// A question about something else, such as "where is the river?", to be answered with kDoNotKnow.
/// Those of `kept` have a noun that the training questions do not have, and half of them a wording
/// that these do not have, either.
Question question_outside(bool kept);

/// Conversations to train on, with one or two questions each. About one question in eight is
/// outside.
std::vector<gpt::Conversation> training_conversations(int64_t count);

/// Questions of one kind for a test.
struct TestQuestions {
  std::string kind;
  std::vector<Question> questions;
};
/// `count` questions of each kind, about facts that are kept for testing.
std::vector<TestQuestions> test_questions(int64_t count, Wording wording = Wording::trained);
/// The same facts' beginnings, to be continued.
std::vector<TestQuestions> test_beginnings(int64_t count);
/// Questions outside, with kept nouns.
TestQuestions outside_questions(int64_t count);

/// What the model of lesson 14 is tested with: facts that it has never read, `count` of each kind.
struct NumberTests {
  std::vector<TestQuestions> beginnings, questions, wordings;
  TestQuestions outside;
};
NumberTests number_tests(int64_t count);

}  // namespace gradus::lessons
