// The grader of the exercises: verdicts on bad answers of every kind, and the words for what a
// compiler says.
#include <gtest/gtest.h>

#include <regex>
#include <set>
#include <thread>

#ifdef EXERCISE_GRADER
#include "exercises/grader/answers.h"
#include "exercises/grader/compiler_message.h"
#include "exercises/grader/make_exercise.h"
#include "exercises/grader/progress.h"
#include "exercises/grader/verdict_text.h"
#include "tensor/error.h"
#include "tensor/kernels/sanitized.h"
#include "tests/exercise_support.h"

namespace exercise_test {
using namespace gradus;
using namespace gradus::grader;
using tests::first_line;
using tests::scratch;

namespace {

namespace fs = std::filesystem;

/// The verdict on this text as the answer to rms_norm.
Verdict verdict_on(const std::string& text, const std::string& name) {
  return tests::verdict_on("rms_norm", text, name);
}

const std::string kHead = tests::include_of("rms_norm") + "\nnamespace mine {\n\n",
                  kSignature =
                      "Tensor rms_norm(const Tensor& x, const Tensor& weight, double eps) {\n",
                  kTail = "}\n\n}  // namespace mine\n";

/// An answer with these lines as the body; they begin in line 6.
std::string body(const std::string& lines) { return kHead + kSignature + lines + kTail; }

struct Mistake {
  std::string name, text, expected;  // the first line begins with `expected`
};

void PrintTo(const Mistake& mistake, std::ostream* out) { *out << mistake.name; }

const std::vector<Mistake> kMistakes{
    {"semicolon", body("  const Tensor y = x * weight\n  return y;\n"),
     "rms_norm.cpp:6: a semicolon is missing"},
    {"semicolon_after_return", body("  return x * weight\n"),
     "rms_norm.cpp:6: a semicolon is missing"},
    {"misspelt_variable", body("  const Tensor result = x;\n  return reslt;\n"),
     "rms_norm.cpp:7: 'reslt' is not declared; is 'result' meant?"},
    {"no_type", body("  zq = x * weight;\n  return zq;\n"),
     "rms_norm.cpp:6: 'zq' is not declared: is it misspelt, or is its type missing"},
    {"brace_missing", kHead + kSignature + "  return x;\n\n", "rms_norm.cpp:"},
    {"brace_too_many", body("  return x;\n}\n"),
     "rms_norm.cpp:10: there is one closing brace } too many"},
    {"parenthesis_missing", body("  return (x * (weight + eps);\n"),
     "rms_norm.cpp:6: a closing parenthesis ) is missing"},
    {"no_return", body("  const Tensor y = x * weight;\n"),
     "rms_norm.cpp:7: the function ends without a return"},
    {"empty_return", body("  return;\n"), "rms_norm.cpp:6: the function must return a Tensor"},
    {"no_such_method", body("  return x.average(-1);\n"),
     "rms_norm.cpp:6: a Tensor has no method 'average'"},
    {"const", body("  x = x * 2;\n  return x;\n"),
     "rms_norm.cpp:6: this is const and cannot be changed"},
    {"too_few_arguments", body("  return matmul(x);\n"), "rms_norm.cpp:6: "},
    {"a_number_for_a_tensor", body("  return eps;\n"), "rms_norm.cpp:6: a Tensor is expected here"},
    {"a_tensor_for_a_number", body("  const double y = x.mean();\n  return x * y;\n"),
     "rms_norm.cpp:6: a plain number is expected here"},
    {"power", body("  return x ** 2;\n"), "rms_norm.cpp:6: C++ has no **"},
    {"at", body("  return x @ weight;\n"), "rms_norm.cpp:6: C++ has no @"},
    {"named_argument", body("  return x.mean(-1, keepdim=true);\n"),
     "rms_norm.cpp:6: C++ has no named arguments"},
    {"True", body("  return x.mean(-1, True);\n"), "rms_norm.cpp:6: C++ writes true, false"},
    {"condition", body("  if (x > 0) return x;\n  return weight;\n"),
     "rms_norm.cpp:6: a Tensor cannot be a condition"},
    {"std_sqrt", body("  return x / std::sqrt(x * x);\n"),
     "rms_norm.cpp:6: the std:: functions take plain numbers"},
    {"or_of_masks", body("  return x.masked_fill((x > 0) || (x < -1), 0);\n"),
     "rms_norm.cpp:6: a Tensor has no ||: write a | b"},
    {"and_of_masks", body("  const Tensor mask = x > 0 && x < 1;\n  return mask;\n"),
     "rms_norm.cpp:6: a Tensor has no &&: write a & b"},
    {"not_of_a_mask", body("  return x.masked_fill(!(x > 0), 0);\n"),
     "rms_norm.cpp:6: a Tensor has no !: write ~mask"},
    {"torch", body("  return torch::rsqrt(x);\n"),
     "rms_norm.cpp:6: there is no 'torch' here: its functions have the same names without it"},
    {"torch_with_a_dot", body("  return torch.rsqrt(x);\n"),
     "rms_norm.cpp:6: there is no 'torch' here: its functions have the same names without it"},
    {"a_tensor_for_a_list", body("  const std::vector<Tensor> list = x;\n  return list[0];\n"),
     "rms_norm.cpp:6: a list of Tensors is expected here: write it in braces"},
    {"a_list_for_a_tensor", body("  const std::vector<Tensor> list{x};\n  return list * 2;\n"),
     "rms_norm.cpp:7: this is a list of Tensors: take one of them"},
    {"arrow", body("  return x->exp();\n"), "rms_norm.cpp:6: a Tensor is not a pointer"},
    {"declared_twice", body("  const Tensor y = x;\n  const Tensor y = x * weight;\n  return y;\n"),
     "rms_norm.cpp:7: 'y' is declared a second time"},
    {"python_for", body("  for i in x:\n  return x;\n"),
     "rms_norm.cpp:6: if, for and while need parentheses"},
    {"default_argument",
     kHead +
         "Tensor rms_norm(const Tensor& x, const Tensor& weight, double eps = 1e-6) {\n  return "
         "x;\n" +
         kTail,
     "rms_norm.cpp:5: the default value"},
    {"no_such_header", "#include \"rms_norms.h\"\n" + body("  return x;\n"),
     "rms_norm.cpp:1: there is no header 'rms_norms.h'"},
    {"no_such_type", body("  const Tensr y = x;\n  return y;\n"), "rms_norm.cpp:6: "},
    {"outside_the_namespace",
     tests::include_of("rms_norm") + "\n" + kSignature + "  return x;\n}\n", "rms_norm.cpp:3: "},
    {"signature_changed",
     kHead + "Tensor rms_norm(const Tensor& x, const Tensor& weight) {\n  return x * weight;\n" +
         kTail,
     "rms_norm.cpp:1: mine::rms_norm(gradus::Tensor const&, gradus::Tensor const&, double) is not "
     "defined anywhere"},
    {"hash_error", body("  return x;\n") + "#error\n",
     "rms_norm.cpp:10: there is an #error in the file"},
    {"throw_at_the_end", body("  return x;\n") + "throw\n",
     "rms_norm.cpp:10: this is outside of every function"},
};

class Mistakes : public testing::TestWithParam<Mistake> {};
TEST_P(Mistakes, AreSaidWithLineAndWhatToDo) {
  const Verdict v = verdict_on(GetParam().text, GetParam().name);
  EXPECT_EQ(v.outcome, Outcome::does_not_compile);
  EXPECT_TRUE(v.message.starts_with(GetParam().expected)) << first_line(v.message) << "\n"
                                                          << v.compiler;
  EXPECT_EQ(first_line(v.message).find("the compiler says"), std::string::npos)
      << first_line(v.message);
}
INSTANTIATE_TEST_SUITE_P(Beginners, Mistakes, testing::ValuesIn(kMistakes),
                         [](const auto& mistake) { return mistake.param.name; });

TEST(CompilerMessage, IsSaidOnce) {
  const std::string said = "rms_norm.cpp:3:5: error: something that nobody has explained";
  const std::string source = "one\ntwo\nthree x\n";
  EXPECT_EQ(compiler_message("/a/" + said + "\n", "/a/rms_norm.cpp", source),
            "rms_norm.cpp:3: the compiler says: something that nobody has explained\n  three x");
}

TEST(CompilerMessage, ClangDoesNotNameTheOperator) {
  const auto message = [](const std::string& said, const std::string& line) {
    return first_line(
        compiler_message("/a/b.cpp:1:3: error: " + said + "\n", "/a/b.cpp", line + "\n"));
  };
  const std::string binary = "invalid operands to binary expression ('const Tensor' and 'Tensor')";
  EXPECT_EQ(message(binary, "a | b"),
            "b.cpp:1: this operator does not take these two: is one of them not a Tensor?");
  EXPECT_EQ(message(binary, "a || b"), "b.cpp:1: a Tensor has no ||: write a | b for two masks");
  EXPECT_EQ(message(binary, "a && b"), "b.cpp:1: a Tensor has no &&: write a & b for two masks");
  EXPECT_EQ(message("invalid argument type 'Tensor' to unary expression", "a(!b)"),
            "b.cpp:1: a Tensor has no !: write ~mask");
  EXPECT_EQ(message("use of undeclared identifier 'torch'", "= torch::exp(x)"),
            "b.cpp:1: there is no 'torch' here: its functions have the same names without it, "
            "exp(x) or x.exp()");
  EXPECT_EQ(message("no viable conversion from returned value of type 'const Tensor' to function "
                    "return type 'autograd::tensor_list' (aka 'vector<Tensor>')",
                    "return x;"),
            "b.cpp:1: a list of Tensors is expected here: write it in braces, as in return {dx};");
  EXPECT_EQ(
      message("no viable conversion from returned value of type 'vector<Tensor>' to function "
              "return type 'Tensor'",
              "return x;"),
      "b.cpp:1: a Tensor is expected here, and this is not one: use tensor(...), full(...) or an "
      "op that gives a Tensor");
}

TEST(Verdict, ToDoWrongAndRight) {
  const Exercises exercises = scratch("verdicts");
  const Grader grader(exercises);
  const Exercise e = exercises.find("rms_norm");
  EXPECT_EQ(exercises.find(e.number()).folder, e.folder);
  EXPECT_EQ(exercises.find(e.folder).folder, e.folder);
  EXPECT_EQ(exercises.find("06_rms_norm").folder, e.folder);  // an earlier number
  const Verdict to_do = grader.grade(grader.stub(e));
  const Verdict right = grader.grade(grader.solution(e));
  EXPECT_EQ(to_do.outcome, Outcome::to_do);
  EXPECT_EQ(to_do.message, "rms_norm: forward");
  EXPECT_EQ(exit_status(to_do.outcome), 1);
  EXPECT_EQ(right.outcome, Outcome::right) << right.failed << ": " << right.message;
  EXPECT_EQ(exit_status(right.outcome), 0);
  EXPECT_EQ(right.sha256.size(), 64u);
  const Verdict wrong = verdict_on(
      body("  return x * rsqrt((x * x).mean(-1, true) + eps).detach() * weight;\n"), "wrong");
  EXPECT_EQ(wrong.outcome, Outcome::wrong);
  EXPECT_EQ(wrong.failed, "gradient.of_x_and_weight");
  EXPECT_EQ(first_line(wrong.message),
            "gradient of x: in every row yours - right is a multiple of x: the gradient through "
            "the row's own norm or variance is missing");
  const std::string text = verdict_text(e, wrong, 80, terminal::Depth::plain);
  EXPECT_NE(text.find("gradient FAIL   invariants -   numerics -"), std::string::npos) << text;
  EXPECT_NE(text.find("weight ok\n"), std::string::npos) << text;
  EXPECT_EQ(text.find("sha256"), std::string::npos) << text;
  EXPECT_EQ(text.find('\033'), std::string::npos);
  for (const std::string& line : lines_of(text))
    EXPECT_LE(line.size(), 80u) << line;
}

TEST(Verdict, TheGraderLivesOn) {
  const auto stopped = [](const std::string& name, const std::string& lines) {
    const Verdict v = verdict_on(body(lines), name);
    EXPECT_EQ(v.outcome, Outcome::stopped) << name << ": " << v.message;
    EXPECT_EQ(exit_status(v.outcome), 3);
    EXPECT_EQ(v.failed, "shape.keeps_the_shape_of_x");
    return v;
  };
  if (!kSanitized) {  // a sanitizer finds these first, and in its own words
    EXPECT_EQ(stopped("loop", "  for (volatile int i = 0;;) i = i + 1;\n  return x;\n").message,
              "it was stopped after 5 s: an infinite loop?");
    EXPECT_TRUE(stopped("null", "  *static_cast<volatile int*>(nullptr) = 1;\n  return x;\n")
                    .message.starts_with("it crashed"));
    EXPECT_TRUE(stopped("recursion", "  return rms_norm(x, weight, eps) * 2;\n")
                    .message.starts_with("it crashed"));
    const Verdict printing =
        stopped("printing", "  while (true) std::fputs(\"printed\\n\", stdout);\n  return x;\n");
    EXPECT_LT(printing.printed.size(), 100000u);
    EXPECT_TRUE(printing.printed.starts_with("printed\n"));
  }
  EXPECT_EQ(stopped("exit", "  std::exit(0);\n").message,
            "it exited before the end of the checks, with exit status 0");
  stopped("vector", "  return std::vector<Tensor>(2)[static_cast<size_t>(x.numel())];\n");
  stopped("abort", "  std::abort();\n");
  const Verdict thrown = verdict_on(body("  throw 7;\n"), "throw");
  EXPECT_EQ(thrown.outcome, Outcome::wrong);
  EXPECT_EQ(verdict_on(body("  return matmul(x, x);\n"), "error").outcome, Outcome::wrong);
  const Verdict undefined = verdict_on(body("  return Tensor();\n"), "undefined");
  EXPECT_EQ(undefined.message,
            "rms_norm of [6] is an undefined Tensor: was the result ever computed and returned?");
  const Grader grader(scratch("lives"));
  EXPECT_EQ(grader.grade(grader.solution(grader.exercises().find("rms_norm"))).outcome,
            Outcome::right);
}

TEST(Verdict, MemoryHasABudget) {
  if (kSanitized) GTEST_SKIP() << "a sanitizer needs more memory than any budget";
  const Verdict tensor =
      verdict_on(body("  const Tensor large = ones({25, 1000, 1000});\n  return x;\n"), "tensor");
  EXPECT_EQ(tensor.outcome, Outcome::wrong) << tensor.message;
  EXPECT_EQ(tensor.failed, "shape.keeps_the_shape_of_x");
  EXPECT_NE(tensor.message.find("memory"), std::string::npos) << tensor.message;
  const Verdict vector = verdict_on(
      body("  const std::vector<char> large(100 << 20, 'x');\n  return x;\n"), "vector_of_100_MB");
  EXPECT_EQ(vector.outcome, Outcome::wrong) << vector.message;
  EXPECT_EQ(vector.message, "it asked for more memory than the limit allows");
}

TEST(Verdict, AMissingFileIsSaid) {
  const Grader grader(scratch("missing"));
  const Verdict v = grader.grade(grader.mine(grader.exercises().find("rms_norm")));
  EXPECT_EQ(v.outcome, Outcome::does_not_compile);
  EXPECT_NE(v.message.find("does not exist"), std::string::npos);
}

TEST(Answers, AResetKeepsWhatWasWritten) {
  const Exercises exercises = scratch("reset");
  const Exercise e = exercises.find("rms_norm");
  provide_answer(exercises, e);
  EXPECT_EQ(reset_answer(exercises, e), "");  // nothing was written yet
  for (const char* text : {"first", "second"}) {
    write_text(exercises.answer(e), text);
    provide_answer(exercises, e);  // changes nothing
    const fs::path kept = reset_answer(exercises, e);
    EXPECT_EQ(read_text(kept), text);
    EXPECT_EQ(read_text(exercises.answer(e)), read_text(exercises.stub(e)));
  }
  EXPECT_EQ(read_text(exercises.mine / "kept" / "rms_norm.1.cpp"), "first");
}

/// A file of an earlier version, in its folder under `root`.
void write_earlier(const Exercises& exercises, const std::string& path, const std::string& text) {
  write_text(exercises.mine / "earlier" / path, text);
}
std::string earlier_answer(const std::string& comment) {
  return "#include \"lessons/exercises/06_rms_norm/rms_norm.h\"\n// " + comment + "\n";
}
std::string new_answer(const std::string& comment) {
  return tests::include_of("rms_norm") + "// " + comment + "\n";
}

TEST(Answers, OfAnEarlierVersionAreMoved) {
  const Exercises exercises = scratch("adopt");
  const fs::path earlier = exercises.mine / "earlier";
  const Exercise e = exercises.find("rms_norm");
  provide_answer(exercises, e);  // a stub, which may be replaced
  write_earlier(exercises, "06_rms_norm/rms_norm.cpp", earlier_answer("mine"));
  write_earlier(exercises, "01_softmax/softmax.cpp",
                std::regex_replace(read_text(exercises.stub(exercises.find("softmax"))),
                                   std::regex("\"exercises/\\d\\d"), "\"lessons/exercises/01") +
                    "\n");
  write_earlier(exercises, "kept/06_rms_norm.1.cpp", earlier_answer("replaced"));
  write_earlier(exercises, "progress.txt", "current 06_rms_norm\n06_rms_norm wrong 2 hints\n");

  const std::string said = adopt_answers(exercises, earlier);
  EXPECT_NE(said.find("your answers to rms_norm\n"), std::string::npos) << said;
  EXPECT_EQ(std::count(said.begin(), said.end(), '\n'), 1);
  EXPECT_EQ(read_text(exercises.answer(e)), new_answer("mine"));
  EXPECT_FALSE(fs::exists(exercises.mine / "softmax.cpp"));  // nothing was written there yet
  EXPECT_EQ(read_text(exercises.mine / "kept/06_rms_norm.1.cpp"), new_answer("replaced"));
  EXPECT_EQ(Progress(exercises).of(e).hints, 2u);
  EXPECT_EQ(adopt_answers(exercises, earlier), "");
  EXPECT_EQ(adopt_answers(exercises, exercises.mine / "none"), "");
}

TEST(Answers, OfAnEarlierVersionReplaceNothing) {
  const Exercises exercises = scratch("adopt_nothing");
  const Exercise e = exercises.find("rms_norm");
  write_text(exercises.answer(e), "newer");
  write_text(exercises.mine / "kept/06_rms_norm.1.cpp", "kept");
  write_text(exercises.mine / "progress.txt", "current 02_log_sum_exp\n");
  write_earlier(exercises, "06_rms_norm/rms_norm.cpp", earlier_answer("older"));
  write_earlier(exercises, "kept/06_rms_norm.1.cpp", earlier_answer("replaced"));
  write_earlier(exercises, "progress.txt", "current 06_rms_norm\n");

  const std::string said = adopt_answers(exercises, exercises.mine / "earlier");
  EXPECT_NE(said.find("your answers to rms_norm (in kept/)\n"), std::string::npos) << said;
  EXPECT_EQ(read_text(exercises.answer(e)), "newer");
  EXPECT_EQ(Progress(exercises).current().name(), "log_sum_exp");
  std::multiset<std::string> kept;
  for (const auto& entry : fs::directory_iterator(exercises.mine / "kept"))
    kept.insert(read_text(entry.path()));
  EXPECT_EQ(kept, (std::multiset<std::string>{"kept", new_answer("older"), new_answer("replaced"),
                                              "current 06_rms_norm\n"}));
}

TEST(Answers, OfEarlierNumbersFindTheirHeaders) {
  const Exercises exercises = scratch("adopt_numbers");
  const Exercise e = exercises.find("llama");
  write_text(
      exercises.answer(e),
      "#include \"exercises/15_llama/llama.h\"\r\n#include \"exercises/06_rms_norm/rms_norm.h\"\n"
      "#include \"exercises/07_none/none.h\"\n// \"exercises/15_llama/\"\n");
  write_text(exercises.answer(exercises.find("rope")), tests::include_of("rope"));
  write_text(exercises.mine / "progress.txt",
             "current 15_llama\n06_rms_norm right 1 hint\n15_llama wrong 2 hints\n");

  EXPECT_EQ(correct_includes(exercises), "The exercises have new numbers; the #include lines of " +
                                             exercises.shown(exercises.answer(e)) +
                                             " are corrected\n");
  EXPECT_EQ(read_text(exercises.answer(e)),
            "#include \"" + tests::path_of("llama") + "llama.h\"\r\n" +
                tests::include_of("rms_norm") +
                "#include \"exercises/07_none/none.h\"\n// \"exercises/15_llama/\"\n");
  EXPECT_EQ(correct_includes(exercises), "");

  Progress progress(exercises);
  EXPECT_EQ(progress.current().name(), "llama");
  EXPECT_EQ(progress.of(exercises.find("rms_norm")).verdict, "right");
  EXPECT_EQ(progress.of(e).hints, 2u);
  progress.set_current(exercises.find("softmax"));
  const std::string written = read_text(exercises.mine / "progress.txt");
  EXPECT_EQ(written, "current softmax\nllama wrong 2 hints\nrms_norm right 1 hint\n");
}

TEST(Answers, CopiedByHandFindTheirHeaders) {
  const Exercises exercises = scratch("adopt_copied");
  const Exercise e = exercises.find("rms_norm");
  write_text(exercises.answer(e), earlier_answer("copied"));
  correct_includes(exercises);
  EXPECT_EQ(read_text(exercises.answer(e)), new_answer("copied"));
}

TEST(Answers, ProgressOutlivesTheProgramAndBadLines) {
  const Exercises exercises = scratch("progress");
  const std::vector<Exercise> all = exercises.all();
  ASSERT_GE(all.size(), 2u);
  {
    Progress progress(exercises);
    EXPECT_EQ(progress.current().folder, all[0].folder);
    progress.note(all[0], Outcome::right);
    progress.set(all[1], {"wrong", 2});
    EXPECT_EQ(progress.after(all[0]).folder, all[1].folder);
    progress.set_current(all[1]);
  }
  const fs::path file = exercises.mine / "progress.txt";
  write_text(file, read_text(file) + "garbage\n\n" + all[0].folder +
                       " right 99999999999999999999 hints\n");
  const Progress again(exercises);
  EXPECT_EQ(again.current().folder, all[1].folder);
  EXPECT_EQ(again.of(all[0]).verdict, "right");
  EXPECT_EQ(again.of(all[1]).hints, 2u);
  const std::string list = list_text(exercises, again);
  EXPECT_NE(list.find("> " + all[1].number() + " " + all[1].name()), std::string::npos) << list;
  EXPECT_NE(list.find("wrong  2 hints"), std::string::npos) << list;
}

TEST(Answers, SessionsSideBySideKeepTheProgressOfBoth) {
  const Exercises exercises = scratch("two_sessions");
  const std::vector<Exercise> all = exercises.all();
  Progress one(exercises);
  Progress other(exercises);
  one.note(all[0], Outcome::right);
  other.note(all[1], Outcome::right);
  other.note_hints(all[0], 2);
  one.note(all[2], Outcome::wrong);
  const Progress read(exercises);
  EXPECT_EQ(read.of(all[0]).verdict, "right");
  EXPECT_EQ(read.of(all[0]).hints, 2u);
  EXPECT_EQ(read.of(all[1]).verdict, "right");
  EXPECT_EQ(read.of(all[2]).verdict, "wrong");
  // many at once
  std::vector<std::thread> sessions;
  for (const Exercise& e : all)
    sessions.emplace_back([&exercises, &e] { Progress(exercises).note(e, Outcome::right); });
  for (std::thread& session : sessions)
    session.join();
  for (const Exercise& e : all)
    EXPECT_EQ(Progress(exercises).of(e).verdict, "right") << e.name();
}

TEST(Answers, ASkeletonIsAnExercise) {
  Exercises exercises = scratch("skeleton");
  const fs::path copy = exercises.mine / "tree";
  fs::create_directories(copy);
  fs::copy(exercises.source / "skeleton", copy / "skeleton", fs::copy_options::recursive);
  exercises.source = exercises.mine = copy;
  EXPECT_EQ(make_exercise(exercises, "my_layer").folder, "01_my_layer");
  const Exercise second = make_exercise(exercises, "other");
  EXPECT_EQ(second.folder, "02_other");
  EXPECT_EQ(exercises.mutants(second).size(), 5u);
  EXPECT_EQ(exercises.hints(second).size(), 4u);
  EXPECT_NE(read_text(exercises.header(second)).find("Tensor other(const Tensor& x"),
            std::string::npos);
  EXPECT_FALSE(fs::exists(exercises.answer(second)));  // it is made on first use
  EXPECT_THROW(make_exercise(exercises, "other"), Error);
  for (const char* name : {"", "A", "two words", "../up", "1st"})
    EXPECT_THROW(make_exercise(exercises, name), Error) << name;
}

}  // namespace
}  // namespace exercise_test
#endif
