#include "page/play/backward/views.h"

#include <algorithm>
#include <map>

#include "page/graph_layout.h"
#include "page/play/backward/sabotage.h"

namespace gradus::page {
namespace {

constexpr double kBoxWidth = 118;
constexpr double kBoxHeight = 46;

std::string text_of(const Forward& forward, const Node& node) {
  const auto found = forward.known.find(node.id);
  return found == forward.known.end() ? "" : found->second.text;
}

/// "att" of "att.W_query.weight"; "" for a leaf that is no parameter of a module.
std::string first_part(const std::string& name) {
  const size_t dot = name.find('.');
  return dot == std::string::npos ? "" : name.substr(0, dot);
}

/// The module at the top to which a node belongs, or "".
std::string module_of(const Forward& forward, const Node& node) {
  if (node.is_leaf()) return first_part(text_of(forward, node));
  const std::string scope = *node.scope;
  return scope.substr(0, scope.find('.'));
}

}  // namespace

std::vector<ViewBox> boxes_of_ops(const Forward& forward) {
  const std::vector<Node*> nodes = nodes_of(forward.loss);
  std::vector<ViewBox> boxes;
  for (size_t i = 0; i < nodes.size(); ++i)
    boxes.push_back({.label = nodes[i]->is_leaf() ? text_of(forward, *nodes[i]) : nodes[i]->name,
                     .nodes = {i}});
  return boxes;
}

std::vector<ViewBox> boxes_of_modules(const Forward& forward) {
  const std::vector<Node*> nodes = nodes_of(forward.loss);
  std::vector<ViewBox> boxes;
  std::map<std::string, size_t> box_of_module;
  for (size_t i = 0; i < nodes.size(); ++i) {
    const std::string module = module_of(forward, *nodes[i]);
    if (module.empty()) {
      boxes.push_back({.label = nodes[i]->is_leaf() ? text_of(forward, *nodes[i]) : nodes[i]->name,
                       .nodes = {i}});
      continue;
    }
    const auto [found, is_new] = box_of_module.emplace(module, boxes.size());
    if (is_new) boxes.push_back({.label = module, .nodes = {}});
    boxes[found->second].nodes.push_back(i);
  }
  std::sort(boxes.begin(), boxes.end(),
            [](const ViewBox& a, const ViewBox& b) { return a.nodes.back() < b.nodes.back(); });
  return boxes;
}

namespace {

/// The layout, moved up so that its first box or line is at the margin.
Layout at_the_top(Layout places) {
  constexpr double kMargin = 8;
  double top = places.height;
  double bottom = 0;
  for (const Box& box : places.boxes) {
    top = std::min(top, box.y);
    bottom = std::max(bottom, box.y + box.height);
  }
  for (const Line& line : places.lines) {
    for (const Point& point : line.points) {
      top = std::min(top, point.y);
      bottom = std::max(bottom, point.y);
    }
  }
  for (Box& box : places.boxes)
    box.y += kMargin - top;
  for (Line& line : places.lines)
    for (Point& point : line.points)
      point.y += kMargin - top;
  places.height = bottom - top + 2 * kMargin;
  return places;
}

}  // namespace

Json view(const std::string& name, const Forward& forward, const std::vector<ViewBox>& boxes) {
  const std::vector<Node*> nodes = nodes_of(forward.loss);
  std::map<const Node*, size_t> box_of;
  for (size_t b = 0; b < boxes.size(); ++b)
    for (const size_t i : boxes[b].nodes)
      box_of[nodes[i]] = b;
  std::vector<std::pair<size_t, size_t>> edges;
  std::map<std::pair<size_t, size_t>, bool> seen;
  for (const Node* node : nodes) {
    for (const Node::Edge& edge : node->edges) {
      if (!edge.input) continue;
      const size_t from = box_of.at(edge.input.get());
      const size_t to = box_of.at(node);
      if (from == to || !seen.emplace(std::pair(from, to), true).second) continue;
      edges.emplace_back(from, to);
    }
  }
  const std::vector<Box> sizes(boxes.size(), {.width = kBoxWidth, .height = kBoxHeight});
  const Layout places = at_the_top(layout(sizes, edges));
  Json json = {{"name", name},
               {"width", number(places.width)},
               {"height", number(places.height)},
               {"box", {kBoxWidth, kBoxHeight}},
               {"boxes", Json::array()},
               {"edges", Json::array()}};
  for (size_t b = 0; b < boxes.size(); ++b)
    json["boxes"].push_back({{"label", boxes[b].label},
                             {"nodes", boxes[b].nodes},
                             {"x", number(places.boxes[b].x)},
                             {"y", number(places.boxes[b].y)}});
  for (const Line& line : places.lines) {
    Json points = Json::array();
    for (const Point& point : line.points)
      points.push_back({number(point.x), number(point.y)});
    json["edges"].push_back({{"from", line.from}, {"to", line.to}, {"points", points}});
  }
  return json;
}

}  // namespace gradus::page
