// The pictures of a lesson.
#include <map>

#include "lessons/kit/lesson.h"

namespace gradus::lessons {

void Lesson::heatmap(const std::string& title, const Tensor& weights, const Words& rows,
                     const Words& columns, double high, Here here) {
  lines(terminal::draw({.title = title,
                        .values = values_of(weights),
                        .rows = rows,
                        .columns = columns,
                        .high = high},
                       canvas()),
        here);
}

void Lesson::bars(const Words& labels, const Tensor& values, Here here) {
  lines(terminal::bars(labels, values_of(values), canvas()), here);
}

void Lesson::graph(const Tensor& y, const std::vector<std::pair<std::string, Tensor>>& named,
                   Here here) {
  std::map<uint64_t, std::string> texts;
  for (const auto& [name, x] : named) {
    std::string text = fmt::format("{} = {:g}", name, x.item<double>());
    if (x.grad().defined()) text += fmt::format("   gradient {:g}", x.grad().item<double>());
    texts[autograd::node_id(x)] = text;
  }
  const auto describe = [&](const autograd::GraphNode& node) {
    return fmt::format("{}   ({})", texts[node.id], node.name);
  };
  lines(terminal::draw(autograd::graph(y), canvas(), describe), here);
}

ProgressBar::Output Lesson::progress(int lines_above, Here here) {
  show_code_before(here);
  if (quiet()) return {nullptr, arguments_.terminal, canvas()};
  return {&screen_.raw(3 + lines_above), arguments_.terminal, canvas()};
}

}  // namespace gradus::lessons
