// course_page FOLDER: writes FOLDER/index.html, the map of the course with links to the pages of
// the folder. Standard input names the pages, one a line, with tabs between the fields:
//
//   lesson  lesson_04.html  title  what one builds  seconds  quick or nothing  exercises
//   play    play_memory.html
//
// ./run pages (.run/pages.sh) calls it.
#include <fmt/format.h>

#include <fstream>
#include <iostream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <sstream>

#include "page/report.h"
#include "tensor/error.h"

namespace {

using gradus::check;
using Json = nlohmann::ordered_json;

std::vector<std::string> fields_of(const std::string& line) {
  std::vector<std::string> fields;
  std::istringstream stream(line);
  for (std::string field; std::getline(stream, field, '\t');)
    fields.push_back(field);
  return fields;
}

/// The report inside a page.
Json report_of(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  check(in.good(), "{} cannot be read", file);
  const std::string html(std::istreambuf_iterator<char>(in), {});
  const std::string begin = R"(id="report">)";
  const size_t at = html.find(begin);
  const size_t end = html.find("</script>", at);
  check(at != std::string::npos && end != std::string::npos, "{} has no report", file);
  const size_t start = at + begin.size();
  const Json report =
      Json::parse(html.substr(start, end - start), nullptr, /*allow_exceptions=*/false);
  check(report.is_object(), "the report of {} is not complete", file);
  return report;
}

std::string duration(int64_t seconds) {
  return seconds < 90 ? fmt::format("{} s", seconds) : fmt::format("{} min", (seconds + 30) / 60);
}

Json lesson_entry(const std::vector<std::string>& fields) {
  check(fields.size() >= 5, "a lesson needs at least 5 fields, '{}' has {}", fields.at(1),
        fields.size());
  const auto field = [&](size_t i) { return i < fields.size() ? fields[i] : ""; };
  Json exercises = Json::array();
  std::istringstream names(field(6));
  for (std::string name; names >> name;)
    exercises.push_back(name);
  return {{"file", fields[1]},
          {"title", fields[2]},
          {"text", fields[3]},
          {"time", duration(std::stoll(fields[4]))},
          {"quick", field(5) == "quick"},
          {"exercises", exercises}};
}

Json play_entry(const std::string& folder, const std::string& file) {
  const Json report = report_of(folder + "/" + file);
  return {{"file", file}, {"title", report.at("title")}, {"text", report.at("lede")}};
}

void write_index(const std::string& folder, std::istream& in) {
  Json lessons = Json::array();
  Json play = Json::array();
  for (std::string line; std::getline(in, line);) {
    const std::vector<std::string> fields = fields_of(line);
    check(fields.size() >= 2, "expected a kind of page and its file, got '{}'", line);
    if (fields[0] == "lesson")
      lessons.push_back(lesson_entry(fields));
    else
      play.push_back(play_entry(folder, fields[1]));
  }
  gradus::page::Report report(
      {.id = "course",
       .title = "Gradus: the course",
       .lede = "From the first gradient to a GPT that answers: read the lessons in their order, or "
               "open what you are curious about."});
  if (!play.empty()) {
    report.section("Pages to play with");
    report.panel("course_map", Json{{"entries", play}}.dump());
  }
  report.section("Lessons", "The times are for computing, on 2 cores.");
  report.panel("course_map", Json{{"entries", lessons}}.dump());
  report.write(folder + "/index.html");
}

}  // namespace

int main(int argc, char** argv) {
  try {
    check(argc == 2, "expected the folder of the pages");
    write_index(argv[1], std::cin);
    return 0;
  } catch (const std::exception& e) {
    std::cerr << fmt::format("course_page: {}\n", e.what());
    return 1;
  }
}
