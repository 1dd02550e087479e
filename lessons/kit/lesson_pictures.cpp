// The pictures of a lesson: in text on the screen, as panels on the page.
#include <map>

#include "lessons/kit/lesson.h"

namespace gradus::lessons {
namespace {

/// The matrix that a heat map shows.
Tensor matrix_of(const terminal::Heatmap& map) {
  return tensor(map.values, kFloat64)
      .view({std::ssize(map.rows), static_cast<int64_t>(map.columns.size())});
}

std::vector<page::Series> series_of(const std::vector<terminal::Curve>& curves) {
  std::vector<page::Series> series;
  for (const terminal::Curve& curve : curves)
    series.push_back({curve.name, curve.y});
  return series;
}

std::string title_of_graph(const Tensor& y, const NamedTensors& named) {
  for (const auto& [name, x] : named)
    if (autograd::node_id(x) == autograd::node_id(y)) return "the graph of " + name;
  return "the graph";
}

}  // namespace

void Lesson::heatmap(const std::string& title, const Tensor& weights, const Words& rows,
                     const Words& columns, double high, Here here) {
  heatmap({.title = title,
           .values = values_of(weights),
           .rows = rows,
           .columns = columns,
           .high = high},
          here);
}

void Lesson::heatmap(const terminal::Heatmap& map, Here here) {
  show_code_before(here);
  if (auto* report = page_.report())
    report->heatmap(map.title, matrix_of(map),
                    {.rows = map.rows,
                     .columns = map.columns,
                     .row_axis = map.row_axis,
                     .column_axis = map.column_axis,
                     .low = map.low,
                     .high = map.high});
  show_lines(terminal::draw(map, canvas()));
}

void Lesson::alignment(const std::string& title, const Tensor& weights, const Words& says,
                       const Words& looks_at, Here here) {
  show_code_before(here);
  if (auto* report = page_.report())
    report->alignment(title, looks_at, says,
                      weights.detach().view({std::ssize(says), std::ssize(looks_at)}));
  show_lines(terminal::draw({.title = title,
                             .values = values_of(weights),
                             .rows = says,
                             .columns = looks_at,
                             .row_axis = "says",
                             .column_axis = "looks at"},
                            canvas()));
}

void Lesson::attention(const std::string& title, const std::vector<page::AttentionStep>& steps,
                       const Words& queries, const Words& keys,
                       const page::AttentionOptions& options) {
  page_.attention(title, steps, queries, keys, options);
}

void Lesson::attention(const std::string& title, const nn::AttentionTrace& trace,
                       const Words& words, const std::string& note) {
  attention(title, {{.trace = trace}}, words, words, {.note = note});
}

void Lesson::bars(const std::string& title, const Words& labels, const Tensor& values, Here here) {
  show_code_before(here);
  if (auto* report = page_.report()) report->bars(title, labels, values.detach());
  show_lines(terminal::bars(labels, values_of(values), canvas()));
}

void Lesson::plot(const std::string& title, const std::vector<double>& x,
                  const std::vector<terminal::Curve>& curves, Here here) {
  show_code_before(here);
  if (auto* report = page_.report()) report->curve(title, x, series_of(curves));
  show_lines(terminal::plot(x, curves, canvas()));
}

void Lesson::log_plot(const std::string& title, const std::vector<double>& x,
                      const std::vector<terminal::Curve>& curves, Here here) {
  show_code_before(here);
  if (auto* report = page_.report())
    report->curve(title, x, series_of(curves), {.log_scale = true});
  show_lines(title + ":\n" + terminal::log_plot(x, curves, canvas()));
}

void Lesson::graph(const Tensor& y, const std::vector<std::pair<std::string, Tensor>>& named,
                   Here here) {
  show_code_before(here);
  if (auto* report = page_.report()) report->graph(title_of_graph(y, named), y, named);
  std::map<uint64_t, std::string> texts;
  for (const auto& [name, x] : named) {
    std::string text = fmt::format("{} = {:g}", name, x.item<double>());
    if (x.grad().defined()) text += fmt::format("   gradient {:g}", x.grad().item<double>());
    texts[autograd::node_id(x)] = text;
  }
  const auto describe = [&](const autograd::GraphNode& node) {
    return fmt::format("{}   ({})", texts[node.id], node.name);
  };
  show_lines(terminal::draw(autograd::graph(y), canvas(), describe));
}

ProgressBar::Output Lesson::progress(int lines_above, Here here) {
  show_code_before(here);
  ProgressBar::Output output{.redraw = arguments_.terminal, .canvas = canvas()};
  if (!quiet()) output.stream = &screen_.raw(3 + lines_above);
  output.on_step = [this](const std::string& work, int64_t step, double loss) {
    page_.training_step(work, step, loss);
  };
  output.on_line = [this](const std::string& text) { page_.training_line(text); };
  return output;
}

}  // namespace gradus::lessons
