#include "page/report.h"

#include "page/html.h"
#include "page/panels.h"
#include "tensor/file_io.h"

namespace gradus::page {
namespace {

constexpr size_t kMostBytes = 1'000'000;  // of a page that contains its program

}  // namespace

struct Report::State {
  Json json;

  void add(Json panel) { json["panels"].push_back(std::move(panel)); }
};

Report::Report(Meta meta) : state_(std::make_unique<State>()) {
  gradus::check(!meta.title.empty(), "report: the title is empty");
  state_->json = {{"schema", 1},
                  {"id", std::move(meta.id)},
                  {"title", std::move(meta.title)},
                  {"lede", std::move(meta.lede)},
                  {"panels", Json::array()},
                  {"tour", Json::array()},
                  {"run_box", Json::array()}};
}
Report::Report(Report&& other) noexcept = default;
Report& Report::operator=(Report&& other) noexcept = default;
Report::~Report() = default;

void Report::section(const std::string& heading, const std::string& note) {
  state_->add({{"type", "section"}, {"title", heading}, {"note", note}});
}

void Report::paragraph(const std::string& text) {
  state_->add({{"type", "paragraph"}, {"text", text}});
}

void Report::question(const std::string& question, const std::string& answer) {
  state_->add({{"type", "question"}, {"question", question}, {"answer", answer}});
}

void Report::output(const std::string& text) { state_->add({{"type", "output"}, {"text", text}}); }

void Report::code(const std::string& file, int first_line, const std::string& source) {
  state_->add({{"type", "code"}, {"file", file}, {"first_line", first_line}, {"source", source}});
}

void Report::check(bool ok, const std::string& text) {
  state_->add({{"type", "check"}, {"ok", ok}, {"text", text}});
}

void Report::tensor(const std::string& name, const Tensor& x, const TableOptions& options) {
  state_->add(tensor_panel(name, x, options));
}

void Report::heatmap(const std::string& title, const Tensor& matrix,
                     const HeatmapOptions& options) {
  state_->add(heatmap_panel(title, matrix, options));
}

void Report::attention(const std::string& title, const Words& queries, const Words& keys,
                       const std::vector<AttentionStep>& steps, const AttentionOptions& options) {
  state_->add(attention_panel(title, queries, keys, steps, options));
}

void Report::alignment(const std::string& title, const Words& source, const Words& target,
                       const Tensor& weights) {
  state_->add(alignment_panel(title, source, target, weights));
}

void Report::curve(const std::string& title, const std::vector<double>& x,
                   const std::vector<Series>& series, const CurveOptions& options) {
  state_->add(curve_panel(title, x, series, options));
}

void Report::bars(const std::string& title, const Words& labels, const Tensor& values) {
  state_->add(bars_panel(title, labels, values));
}

void Report::predictions(const std::string& title, const Tensor& logits, const Words& labels,
                         int top) {
  state_->add(predictions_panel(title, logits, labels, top));
}

void Report::graph(const std::string& title, const Tensor& y, const NamedTensors& named) {
  state_->add(graph_panel(title, y, named));
}

void Report::module(const std::string& title, const nn::Module& module) {
  state_->add(module_panel(title, module));
}

void Report::panel(const std::string& type, const std::string& json) {
  Json panel = {{"type", type}};
  const Json content = Json::parse(json, nullptr, /*allow_exceptions=*/false);
  gradus::check(content.is_object(), "panel: the JSON of the panel '{}' is not an object", type);
  panel.update(content);
  panel["type"] = type;
  state_->add(std::move(panel));
}

void Report::tour(const std::vector<Stop>& stops) {
  Json list = Json::array();
  for (const Stop& stop : stops)
    list.push_back({{"say", stop.say}, {"select", stop.select}, {"panel", stop.panel}});
  state_->json["tour"] = std::move(list);
}

void Report::run_box(const std::vector<Field>& fields, const Words& arguments) {
  Json list = Json::array();
  for (const Field& field : fields)
    list.push_back({{"flag", field.flag},
                    {"label", field.label},
                    {"kind", field.kind},
                    {"value", field.value},
                    {"choices", field.choices}});
  state_->json["run_box"] = std::move(list);
  state_->json["arguments"] = arguments;
}

std::string Report::json() const {
  return state_->json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

void Report::write(const std::string& file, const std::string& wasm_file) const {
  const std::string program = wasm_file.empty() ? "" : read_program(wasm_file);
  std::string text = html(state_->json, program);
  if (text.size() > kMostBytes && !program.empty()) {
    Json report = state_->json;
    report["without_program"] = true;
    text = html(report, "");
  }
  OutputFile out("write", file);
  out.write(text.data(), std::ssize(text));
  out.finish();
}

}  // namespace gradus::page
