#include "page/graph_layout.h"

#include <algorithm>

#include "tensor/error.h"

namespace gradus::page {
namespace {

constexpr double kMargin = 10;
constexpr double kColumnGap = 44;
constexpr double kRowGap = 14;
constexpr double kLineHeight = 6;  // what a line takes where it passes boxes
constexpr int kOrderSweeps = 12;
constexpr int kHeightSweeps = 30;

using List = std::vector<size_t>;

class Layers {
 public:
  Layers(std::vector<Box> boxes, const std::vector<std::pair<size_t, size_t>>& edges)
      : real_(boxes.size()), boxes_(std::move(boxes)), layer_of_(real_), in_(real_), out_(real_) {
    for (const auto& [from, to] : edges) {
      in_[to].push_back(from);
      out_[from].push_back(to);
    }
    assign_layers();
    in_.assign(real_, {});
    out_.assign(real_, {});
    for (const auto& [from, to] : edges)
      add_line(from, to);
    fill_layers();
    reduce_crossings();
    place();
  }

  Layout result() {
    Layout layout;
    for (size_t n = 0; n < lines_.size(); ++n)
      layout.lines.push_back(with_points(n));
    for (const Box& box : boxes_)
      layout.height = std::max(layout.height, box.y + box.height + kMargin);
    layout.width = width_;
    boxes_.resize(real_);
    layout.boxes = std::move(boxes_);
    return layout;
  }

 private:
  /// The layer of a box is the length of the longest path to it. A box without inputs is moved next
  /// to the first box that uses it.
  void assign_layers() {
    std::vector<size_t> missing(real_);
    List ready;
    for (size_t b = 0; b < real_; ++b) {
      missing[b] = in_[b].size();
      if (missing[b] == 0) ready.push_back(b);
    }
    for (size_t i = 0; i < ready.size(); ++i)
      for (const size_t to : out_[ready[i]]) {
        layer_of_[to] = std::max(layer_of_[to], layer_of_[ready[i]] + 1);
        if (--missing[to] == 0) ready.push_back(to);
      }
    check(ready.size() == real_, "layout: the graph has a cycle");
    for (size_t b = 0; b < real_; ++b) {
      if (!in_[b].empty() || out_[b].empty()) continue;
      size_t first = layer_of_[out_[b].front()];
      for (const size_t to : out_[b])
        first = std::min(first, layer_of_[to]);
      layer_of_[b] = first - 1;
    }
  }

  /// A line that passes layers gets a box without width in each of them.
  void add_line(size_t from, size_t to) {
    size_t last = from;
    lines_.push_back({.from = from, .to = to});
    passed_.emplace_back();
    for (size_t layer = layer_of_[from] + 1; layer < layer_of_[to]; ++layer) {
      const size_t place = boxes_.size();
      boxes_.push_back({.width = 0, .height = kLineHeight});
      layer_of_.push_back(layer);
      in_.emplace_back();
      out_.emplace_back();
      connect(last, place);
      passed_.back().push_back(place);
      last = place;
    }
    connect(last, to);
  }
  void connect(size_t from, size_t to) {
    out_[from].push_back(to);
    in_[to].push_back(from);
  }

  void fill_layers() {
    layers_.resize(*std::max_element(layer_of_.begin(), layer_of_.end()) + 1);
    for (size_t b = 0; b < boxes_.size(); ++b)
      layers_[layer_of_[b]].push_back(b);
    position_.resize(boxes_.size());
    for (const List& layer : layers_)
      number(layer);
  }
  void number(const List& layer) {
    for (size_t i = 0; i < layer.size(); ++i)
      position_[layer[i]] = static_cast<double>(i);
  }

  /// Orders every layer by the mean position of the neighbours in the layer before it, and, on the
  /// way back, in the layer after it.
  void reduce_crossings() {
    for (int sweep = 0; sweep < kOrderSweeps; ++sweep) {
      for (List& layer : layers_)
        order(layer, in_);
      for (auto layer = layers_.rbegin(); layer != layers_.rend(); ++layer)
        order(*layer, out_);
    }
  }
  void order(List& layer, const std::vector<List>& neighbours) {
    std::vector<double> mean(boxes_.size());
    for (const size_t b : layer) {
      double sum = 0;
      for (const size_t other : neighbours[b])
        sum += position_[other];
      mean[b] =
          neighbours[b].empty() ? position_[b] : sum / static_cast<double>(neighbours[b].size());
    }
    std::stable_sort(layer.begin(), layer.end(),
                     [&](size_t a, size_t b) { return mean[a] < mean[b]; });
    number(layer);
  }

  void place() {
    double x = kMargin;
    for (const List& layer : layers_) {
      double widest = 0;
      for (const size_t b : layer)
        widest = std::max(widest, boxes_[b].width);
      double y = 0;
      for (const size_t b : layer) {
        boxes_[b].x = x + (widest - boxes_[b].width) / 2;
        boxes_[b].y = y;
        y += boxes_[b].height + kRowGap;
      }
      left_.push_back(x);
      right_.push_back(x + widest);
      x += widest + kColumnGap;
    }
    width_ = x - kColumnGap + kMargin;
    for (int sweep = 0; sweep < kHeightSweeps; ++sweep)
      for (const List& layer : layers_)
        straighten(layer);
    double top = boxes_.front().y;
    for (const Box& box : boxes_)
      top = std::min(top, box.y);
    for (Box& box : boxes_)
      box.y += kMargin - top;
  }
  double middle(size_t b) const { return boxes_[b].y + boxes_[b].height / 2; }

  /// Moves the boxes of a layer towards the mean height of their neighbours without overlaps.
  void straighten(const List& layer) {
    std::vector<double> wanted;
    for (const size_t b : layer) {
      double sum = 0;
      for (const size_t other : in_[b])
        sum += middle(other);
      for (const size_t other : out_[b])
        sum += middle(other);
      const auto count = static_cast<double>(in_[b].size() + out_[b].size());
      wanted.push_back((count > 0 ? sum / count : middle(b)) - boxes_[b].height / 2);
    }
    double shift = 0;
    for (size_t i = 0; i < layer.size(); ++i) {
      Box& box = boxes_[layer[i]];
      box.y = wanted[i];
      if (i > 0) {
        const Box& above = boxes_[layer[i - 1]];
        box.y = std::max(box.y, above.y + above.height + kRowGap);
      }
      shift += wanted[i] - box.y;
    }
    shift /= static_cast<double>(layer.size());
    for (const size_t b : layer)
      boxes_[b].y += shift;
  }

  Line with_points(size_t n) const {
    Line line = lines_[n];
    const Box& from = boxes_[line.from];
    const Box& to = boxes_[line.to];
    line.points.push_back({from.x + from.width, middle(line.from)});
    for (const size_t place : passed_[n]) {
      line.points.push_back({left_[layer_of_[place]], middle(place)});
      line.points.push_back({right_[layer_of_[place]], middle(place)});
    }
    line.points.push_back({to.x, middle(line.to)});
    return line;
  }

  size_t real_;  // the number of boxes that were given; those of lines follow
  std::vector<Box> boxes_;
  std::vector<size_t> layer_of_;
  std::vector<List> in_, out_;
  std::vector<Line> lines_;
  std::vector<List> passed_;  // for each line its boxes in the layers that it passes
  std::vector<List> layers_;
  std::vector<double> position_;  // in the layer
  std::vector<double> left_, right_;
  double width_ = 0;
};

}  // namespace

Layout layout(std::vector<Box> boxes, const std::vector<std::pair<size_t, size_t>>& edges) {
  if (boxes.empty()) return {};
  return Layers(std::move(boxes), edges).result();
}

}  // namespace gradus::page
