// The graph from which a tensor was computed: modules first, what is in them on demand. A view is
// one picture; a box for a module opens another view.
#include <algorithm>
#include <map>
#include <optional>

#include "page/graph_layout.h"
#include "page/graph_ops.h"
#include "page/panels.h"
#include "page/rule_texts.h"

namespace gradus::page {
namespace {

constexpr size_t kMostBoxes = 100;  // in a view; older ones become one box
constexpr size_t kMostFlat = 150;   // ops for a view of all of them
constexpr size_t kMostOps = 1500;   // in all views, for pages of less than 1 MB
constexpr double kCharacter = 7.2;  // pixels
constexpr double kLineOfText = 15;

/// What a view has one box for: an op, or the ops of a module's call, which follow each other.
struct Item {
  std::vector<size_t> ops;
  std::string module = {};   // its name; empty for an op
  std::string outside = {};  // for an op that is not in the view: "from" or "to"
};

class Views {
 public:
  Views(const std::vector<Op>& ops) : ops_(ops), scopes_(ops.size()) {
    for (size_t i = 0; i < ops.size(); ++i)
      scopes_[i] = split(ops[i].scope);
  }

  /// The view of these ops, in which the scopes have `depth` names in common. Returns its number.
  size_t add(const std::string& title, const std::vector<size_t>& members, size_t depth,
             std::optional<size_t> parent) {
    const size_t number = json_.size();
    json_.push_back(nullptr);
    std::vector<Item> items = items_of(members, depth);
    while (items.size() == 1 && !items[0].module.empty() && items[0].module != kEarlier)
      items = items_of(members, ++depth);
    shorten(items);
    add_outside(items, members);
    Json view = drawn(items);
    view["title"] = title;
    view["parent"] = parent ? Json(*parent) : Json();
    for (size_t i = 0; i < items.size(); ++i) {
      const Item& item = items[i];
      if (item.module.empty() || item.ops.size() == 1 || drawn_ops_ > kMostOps) continue;
      const bool is_earlier = item.module == kEarlier;
      const std::string name =
          is_earlier || title == kTop ? item.module : title + "." + item.module;
      view["nodes"][i]["opens"] = add(name, item.ops, is_earlier ? depth : depth + 1, number);
    }
    json_[number] = std::move(view);
    return number;
  }

  /// A view of every op.
  void add_flat() {
    std::vector<Item> items;
    for (size_t i = 0; i < ops_.size(); ++i)
      items.push_back({.ops = {i}});
    Json view = drawn(items);
    view["title"] = "all operations";
    view["parent"] = nullptr;
    json_.push_back(std::move(view));
  }

  Json result() { return std::move(json_); }
  static constexpr const char* kTop = "modules";

 private:
  static constexpr const char* kEarlier = "earlier operations";

  static Words split(const std::string& scope) {
    Words names;
    size_t start = 0;
    while (start < scope.size()) {
      const size_t end = std::min(scope.find('.', start), scope.size());
      names.push_back(scope.substr(start, end - start));
      start = end + 1;
    }
    return names;
  }

  /// Consecutive ops of one module are one item. A leaf belongs to the module that uses it, if only
  /// one call does.
  std::vector<Item> items_of(const std::vector<size_t>& members, size_t depth) const {
    std::vector<Item> items;
    std::map<size_t, size_t> item_of;
    for (const size_t i : members) {
      if (ops_[i].is_leaf()) continue;
      const bool is_direct = scopes_[i].size() <= depth;
      const std::string module = is_direct ? "" : scopes_[i][depth];
      if (is_direct || items.empty() || items.back().module != module)
        items.push_back({.ops = {}, .module = module});
      items.back().ops.push_back(i);
      item_of[i] = items.size() - 1;
    }
    std::map<size_t, std::vector<size_t>> users;  // of each leaf, as items
    for (const size_t i : members)
      for (const size_t input : ops_[i].inputs)
        if (ops_[input].is_leaf()) users[input].push_back(item_of.at(i));
    for (const size_t i : members) {
      if (!ops_[i].is_leaf()) continue;
      const std::vector<size_t>& of = users[i];
      const bool has_one = std::all_of(of.begin(), of.end(), [&](size_t u) { return u == of[0]; });
      if (!of.empty() && has_one && !items[of[0]].module.empty())
        items[of[0]].ops.push_back(i);
      else
        items.push_back({.ops = {i}});
    }
    for (Item& item : items)
      std::sort(item.ops.begin(), item.ops.end());
    return items;
  }

  /// The oldest items become one if there are too many.
  static void shorten(std::vector<Item>& items) {
    if (items.size() <= kMostBoxes) return;
    std::sort(items.begin(), items.end(),
              [](const Item& a, const Item& b) { return a.ops.back() < b.ops.back(); });
    Item earlier{.ops = {}, .module = kEarlier};
    const auto kept = items.end() - kMostBoxes / 2;
    for (auto item = items.begin(); item != kept; ++item)
      earlier.ops.insert(earlier.ops.end(), item->ops.begin(), item->ops.end());
    std::sort(earlier.ops.begin(), earlier.ops.end());
    items.erase(items.begin(), kept);
    items.insert(items.begin(), std::move(earlier));
  }

  /// Adds the ops outside of the view that its ops read, and those that read its ops.
  void add_outside(std::vector<Item>& items, const std::vector<size_t>& members) const {
    std::vector<bool> is_inside(ops_.size());
    for (const size_t i : members)
      is_inside[i] = true;
    std::vector<const char*> outside(ops_.size());
    for (size_t i = 0; i < ops_.size(); ++i)
      for (const size_t input : ops_[i].inputs) {
        if (is_inside[i] && !is_inside[input]) outside[input] = "from";
        if (!is_inside[i] && is_inside[input]) outside[i] = "to";
      }
    for (size_t i = 0; i < ops_.size(); ++i)
      if (outside[i]) items.push_back({.ops = {i}, .module = "", .outside = outside[i]});
  }

  Json drawn(const std::vector<Item>& items);
  const char* kind_of(const Item& item) const;
  Words lines_of(const Item& item) const;
  Json node(const Item& item) const;
  std::vector<std::pair<size_t, size_t>> edges_of(const std::vector<Item>& items) const;

  const std::vector<Op>& ops_;
  std::vector<Words> scopes_;
  Json json_ = Json::array();
  size_t drawn_ops_ = 0;
};

const char* Views::kind_of(const Item& item) const {
  if (!item.module.empty()) return "module";
  if (!item.outside.empty()) return "outside";
  return ops_[item.ops.back()].is_leaf() ? "leaf" : "op";
}

/// The text of a box.
Words Views::lines_of(const Item& item) const {
  const Op& last = ops_[item.ops.back()];
  if (!item.outside.empty()) return {item.outside + " " + last.label()};
  const bool is_module = !item.module.empty();
  Words lines{is_module ? item.module : last.label()};
  if (is_module)
    lines.push_back(item.ops.size() == 1 ? last.op : fmt::format("{} ops", item.ops.size()));
  else if (!last.name.empty() && !last.is_leaf())
    lines.push_back(last.op);
  lines.push_back(last.shape.empty() ? "one number" : fmt::format("{}", last.shape));
  const std::string value = is_module ? "" : short_text(last.value);
  if (!value.empty()) lines.push_back(value);
  const std::string gradient = short_text(last.gradient);
  if (!gradient.empty()) lines.push_back("grad " + gradient);
  return lines;
}

/// What is in the box, and what is said when it is selected.
Json Views::node(const Item& item) const {
  const Op& last = ops_[item.ops.back()];
  const bool is_module = !item.module.empty();
  Json json = {{"kind", kind_of(item)},
               {"label", is_module ? item.module : last.label()},
               {"lines", lines_of(item)},
               {"op", last.op},
               {"shape", last.shape.vec()}};
  if (!last.scope.empty()) json["scope"] = last.scope;
  if (!last.value.is_null()) json["value"] = last.value;
  if (!last.gradient.is_null()) json["gradient"] = last.gradient;
  if (is_module)
    json["count"] = item.ops.size();
  else
    json["rule"] = rule_text(last.op);
  return json;
}

std::vector<std::pair<size_t, size_t>> Views::edges_of(const std::vector<Item>& items) const {
  std::map<size_t, size_t> item_of;
  for (size_t n = 0; n < items.size(); ++n)
    for (const size_t i : items[n].ops)
      item_of[i] = n;
  std::map<std::pair<size_t, size_t>, bool> edges;
  for (size_t n = 0; n < items.size(); ++n)
    for (const size_t i : items[n].ops)
      for (const size_t input : ops_[i].inputs) {
        const auto from = item_of.find(input);
        const bool is_shown = from != item_of.end() && from->second != n &&
                              (items[n].outside.empty() || items[from->second].outside.empty());
        if (is_shown) edges[{from->second, n}] = true;
      }
  std::vector<std::pair<size_t, size_t>> list;
  for (const auto& [edge, is_there] : edges)
    list.push_back(edge);
  return list;
}

/// A curve through the points of a line, as the path of an SVG.
std::string path(const std::vector<Point>& points) {
  std::string text = fmt::format("M{:.0f},{:.0f}", points[0].x, points[0].y);
  for (size_t i = 1; i < points.size(); ++i) {
    const Point& a = points[i - 1];
    const Point& b = points[i];
    const double middle = (a.x + b.x) / 2;
    if (i % 2 == 0)
      text += fmt::format("H{:.0f}", b.x);
    else
      text +=
          fmt::format("C{0:.0f},{1:.0f} {0:.0f},{2:.0f} {3:.0f},{2:.0f}", middle, a.y, b.y, b.x);
  }
  return text;
}

/// The number of characters, which are up to four bytes in UTF-8.
size_t length(const std::string& text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

Json Views::drawn(const std::vector<Item>& items) {
  Json nodes = Json::array();
  std::vector<Box> boxes;
  for (const Item& item : items) {
    nodes.push_back(node(item));
    size_t longest = 4;
    for (const Json& line : nodes.back()["lines"])
      longest = std::max(longest, length(line.get<std::string>()));
    boxes.push_back(
        {.width = kCharacter * static_cast<double>(longest) + 16,
         .height = kLineOfText * static_cast<double>(nodes.back()["lines"].size()) + 10});
    nodes.back()["order"] = item.ops.back();
    ++drawn_ops_;
  }
  const Layout plan = layout(boxes, edges_of(items));
  for (size_t n = 0; n < items.size(); ++n) {
    nodes[n]["x"] = number(plan.boxes[n].x);
    nodes[n]["y"] = number(plan.boxes[n].y);
    nodes[n]["width"] = number(plan.boxes[n].width);
    nodes[n]["height"] = number(plan.boxes[n].height);
  }
  Json edges = Json::array();
  for (const Line& line : plan.lines)
    edges.push_back({{"from", line.from}, {"to", line.to}, {"path", path(line.points)}});
  return {{"title", ""},
          {"parent", nullptr},
          {"width", number(plan.width)},
          {"height", number(plan.height)},
          {"nodes", std::move(nodes)},
          {"edges", std::move(edges)}};
}

}  // namespace

Json graph_panel(const std::string& title, const Tensor& y, const NamedTensors& named) {
  const std::vector<Op> ops = graph_ops(y, named);
  std::vector<size_t> all(ops.size());
  for (size_t i = 0; i < ops.size(); ++i)
    all[i] = i;
  const bool has_modules =
      std::any_of(ops.begin(), ops.end(), [](const Op& op) { return !op.scope.empty(); });
  Views views(ops);
  if (has_modules || ops.size() > kMostFlat) views.add(Views::kTop, all, 0, {});
  if (ops.size() <= kMostFlat) views.add_flat();
  return {{"type", "graph"}, {"title", title}, {"count", ops.size()}, {"views", views.result()}};
}

}  // namespace gradus::page
