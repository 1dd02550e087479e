#include "gpt/train_log.h"

#include <array>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tensor/file_io.h"

namespace gradus::gpt {
namespace {

/// A column of the file; the step is the first column, before these.
struct Column {
  const char* name;
  double Evaluation::*value;
};
constexpr std::array<Column, 6> kColumns{{{"train_loss", &Evaluation::train_loss},
                                          {"val_loss", &Evaluation::val_loss},
                                          {"bits_per_byte", &Evaluation::bits_per_byte},
                                          {"lr", &Evaluation::lr},
                                          {"tokens_per_second", &Evaluation::tokens_per_second},
                                          {"seconds", &Evaluation::seconds}}};

std::string header() {
  std::string line = "step";
  for (const Column& column : kColumns)
    line += std::string(",") + column.name;
  return line;
}

std::string row(const Evaluation& e) {
  std::string line = fmt::format("{}", e.step);
  for (const Column& column : kColumns)
    line += fmt::format(",{}", e.*column.value);
  return line;
}

/// Reads what row() writes. Returns whether the line has this form.
bool read_row(const std::string& line, Evaluation& e) {
  std::istringstream in(line);
  in >> e.step;
  for (const Column& column : kColumns) {
    char comma = 0;
    in >> comma >> e.*column.value;
    if (comma != ',') return false;
  }
  return !in.fail() && in.peek() == std::istringstream::traits_type::eof();
}

}  // namespace

TrainLog::TrainLog(const std::string& path, int64_t last_step) : path_(path) {
  if (last_step < 0 || !std::filesystem::exists(path)) return;
  InputFile file("train", path);
  std::string text(static_cast<size_t>(file.left()), ' ');
  file.read(text.data(), std::ssize(text));
  std::istringstream in(text);
  std::string line;
  std::getline(in, line);
  file.check(line == header(), "its first line is not '{}'", header());
  while (std::getline(in, line)) {
    Evaluation e;
    file.check(read_row(line, e), "'{}' is not an evaluation", printable(line.substr(0, 80)));
    if (e.step <= last_step) evaluations_.push_back(e);
  }
}

void TrainLog::add(const Evaluation& evaluation) {
  // A run that was killed right after an evaluation repeats it.
  std::erase_if(evaluations_, [&](const Evaluation& e) { return e.step >= evaluation.step; });
  evaluations_.push_back(evaluation);
  std::string text = header() + "\n";
  for (const Evaluation& e : evaluations_)
    text += row(e) + "\n";
  OutputFile file("train", path_);
  file.write(text.data(), std::ssize(text));
  file.finish();
}

std::string TrainLog::curve(const terminal::Canvas& canvas) const {
  if (evaluations_.size() < 2) return "";
  constexpr int kPoints = 60;
  std::vector<double> steps;
  terminal::Curve train{.name = "training loss", .mark = '.', .y = {}};
  terminal::Curve validation{.name = "validation loss", .mark = 'o', .y = {}};
  const auto first = static_cast<double>(evaluations_.front().step);
  const auto last = static_cast<double>(evaluations_.back().step);
  auto next = evaluations_.begin() + 1;
  for (int i = 0; i <= kPoints; ++i) {
    // A point on the line between two evaluations.
    const double step = first + (last - first) * i / kPoints;
    while (step > static_cast<double>(next->step) && next + 1 != evaluations_.end())
      ++next;
    const Evaluation& before = *(next - 1);
    const auto part =
        (step - static_cast<double>(before.step)) / static_cast<double>(next->step - before.step);
    steps.push_back(step);
    train.y.push_back(std::lerp(before.train_loss, next->train_loss, part));
    validation.y.push_back(std::lerp(before.val_loss, next->val_loss, part));
  }
  return terminal::plot(steps, {validation, train}, canvas);
}

std::string json_line(const Evaluation& evaluation) {
  nlohmann::ordered_json object;
  object["step"] = evaluation.step;
  for (const Column& column : kColumns)
    object[column.name] = evaluation.*column.value;
  return object.dump();
}

}  // namespace gradus::gpt
