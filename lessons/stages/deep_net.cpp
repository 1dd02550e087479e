#include "lessons/stages/deep_net.h"

namespace gradus::lessons {

Tensor mean_gradients(const DeepNet& net) {
  std::vector<Tensor> means;
  for (const auto& [name, parameter] : net.named_parameters())
    if (name.ends_with("weight")) means.push_back(parameter.grad().abs().mean());
  return stack(means);
}

void compare_deep_net(Lesson& lesson, const DeepNet& net, const Tensor& output,
                      const Tensor& loss) {
  const std::string kind = net.shortcuts ? "with" : "without";
  const std::string where = fmt::format("shortcut/{}/", kind);
  if (!net.shortcuts)
    for (const auto& [name, parameter] : net.named_parameters())
      lesson.detail("shortcut/param/" + name, parameter);
  lesson.detail(where + "output", output, {.name = fmt::format("output {} shortcuts", kind)});
  lesson.detail(where + "loss", loss, {.name = fmt::format("loss {} shortcuts", kind)});
  for (const auto& [name, parameter] : net.named_parameters())
    if (name.ends_with("weight"))
      lesson.detail(fmt::format("{}mean_abs_grad/{}", where, name), parameter.grad().abs().mean(),
                    {.name = fmt::format("mean absolute gradient of {} {} shortcuts", name, kind)});
}

}  // namespace gradus::lessons
