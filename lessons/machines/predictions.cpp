#include "lessons/machines/predictions.h"

#include <algorithm>
#include <cmath>

#include "distributed/group.h"
#include "gradus.h"
#include "lessons/machines/network.h"
#include "lessons/machines/prediction.h"
#include "lessons/machines/processes.h"

namespace gradus::lessons {
namespace {

struct NamedNetwork {
  const char* name;
  distributed::NetworkSpeed speed;
};
const std::vector<NamedNetwork> networks{
    {"1 Gbit/s", {.seconds_per_message = 50e-6, .bytes_per_second = 125e6}},
    {"10 Gbit/s", {.seconds_per_message = 20e-6, .bytes_per_second = 1.25e9}},
    {"100 Gbit/s", {.seconds_per_message = 5e-6, .bytes_per_second = 12.5e9}}};

const std::vector<Workload> workloads{
    {.name = "nanoGPT", .parameters = 10.65e6, .sequences = 64, .T = 256, .layers = 6, .C = 384},
    {.name = "GPT-2 124M",
     .parameters = 124.4e6,
     .sequences = 512,
     .T = 1024,
     .layers = 12,
     .C = 768},
    {.name = "GPT-2 1.5B",
     .parameters = 1557.6e6,
     .sequences = 1024,
     .T = 1024,
     .layers = 48,
     .C = 1600}};

std::string shown_seconds(double seconds) {
  if (seconds < 1e-3) return fmt::format("{:.0f} us", 1e6 * seconds);
  if (seconds < 1) return fmt::format("{:.1f} ms", 1e3 * seconds);
  if (seconds < 1000) return fmt::format("{:.1f} s", seconds);
  return fmt::format("{:.1f} h", seconds / 3600);
}

/// The percentage of a step in which the machines compute, sending after backward, beside it, and
/// beside it with ZeRO.
std::string efficiencies(const Workload& work, int64_t P, double operations_per_second) {
  const double computing =
      predict(work, P, operations_per_second, networks[0].speed, Sending::after).computing;
  const char* const mark = P > work.sequences ? "*" : " ";
  std::string line =
      fmt::format("  {:10} {:5}{} {:>9}", work.name, P, mark, shown_seconds(computing));
  for (const NamedNetwork& network : networks) {
    line += "  ";
    for (const Sending sending : {Sending::after, Sending::beside, Sending::zero}) {
      const StepTime step = predict(work, P, operations_per_second, network.speed, sending);
      line += fmt::format(" {:4.0f}", 100 * step.computing / step.total());
    }
  }
  return line + '\n';
}

std::string efficiencies(double operations_per_second) {
  std::string table = "                    computing";
  for (const NamedNetwork& network : networks)
    table += fmt::format("  {:>15}", network.name);
  table += "\n  model   machines     a step";
  for (size_t i = 0; i < networks.size(); ++i)
    table += "   after side ZeRO";
  table += '\n';
  for (const Workload& work : workloads)
    for (const int64_t P : {8, 64, 1024})
      table += efficiencies(work, P, operations_per_second);
  return table;
}

/// Multiplications and additions in a second, in a product of float32 matrices.
double operations_per_second() {
  constexpr int64_t n = 1024;
  const Tensor a = randn({n, n});
  const Tensor b = randn({n, n});
  double least = INFINITY;
  for (int i = 0; i < 5; ++i) {
    const double start = distributed::seconds_now();
    matmul(a, b);
    least = std::min(least, distributed::seconds_now() - start);
  }
  return 2.0 * n * n * n / least;
}

void compare_with_published(Lesson& lesson) {
  // Goyal et al., section 4: 25 million parameters, 120 ms for backward, 50 Gbit/s.
  const double backward = 0.120;
  const double communication = seconds_of_all_reduce({20e-6, 50e9 / 8}, 32, 25e6);
  const auto efficiency = [&](Sending sending) {
    const double computing = backward * 3 / 2;
    return 100 * computing / (computing + seconds_waited(backward, communication, 25, sending));
  };
  lesson.lines(
      fmt::format("  ResNet-50 on 32 machines with 8 P100 each, 50 Gbit/s\n"
                  "    published (Goyal et al. 2017): about 90% of 32 times one machine\n"
                  "    the model: {:.0f}% sending after backward, {:.0f}% beside it\n"
                  "  memory of 7.5 billion parameters in mixed precision, ZeRO among 64\n"
                  "    published (Rajbhandari et al. 2020): 120 GB, with ZeRO 31.4 GB\n"
                  "    the model: {:.0f} GB, with ZeRO {:.1f} GB",
                  efficiency(Sending::after), efficiency(Sending::beside), 7.5 * 16,
                  7.5 * (2 + 2) + 7.5 * 12 / 64));
  lesson.holds("the published 90% is between the two",
               efficiency(Sending::after) < 90 && efficiency(Sending::beside) > 90);
}

}  // namespace

void show_many_machines(Lesson& lesson) {
  const double here = operations_per_second();
  lesson.say(
      "nanoGPT's larger model for letters, GPT-2 and GPT-2 XL, each with its usual batch (16 "
      "thousand, half a million and one million tokens), which is divided among the machines. A "
      "token takes 6 operations for each parameter, and those of attention. This machine does "
      "{:.0f} "
      "billion a second in a matrix product, and all of a step is taken to be as fast. alpha is "
      "50, "
      "20 and 5 microseconds in the three networks.",
      here / 1e9);
  lesson.say(
      "Percent of a step in which the machines compute, and do not wait: sending after backward, "
      "beside it, and beside it with ZeRO, which also sends the new parameters:");
  lesson.lines(efficiencies(here));
  lesson.say(
      "* More machines than sequences: each has one, so the batch is larger, and it is another "
      "training. Machines like this one compute a step of GPT-2 for so long that a slow network is "
      "enough. With accelerators it is different. llm.c trains GPT-2 124M with 178,000 tokens a "
      "second on an A100, which is {:.0f} thousand billion operations:",
      178e3 * operations_per_token(workloads[1]) / 1e12);
  lesson.lines(efficiencies(178e3 * operations_per_token(workloads[1])));
  lesson.say(
      "That is why clusters of accelerators have networks of 100 Gbit/s and more, and why "
      "nanoGPT's "
      "README warns that training on several machines crawls without such a network. Nobody seems "
      "to have published figures for just these cases. Two cases that are published:");
  compare_with_published(lesson);
  std::string table = "                  one machine     ZeRO: 8    64   1,024\n";
  for (const Workload& work : workloads) {
    table += fmt::format("  {:10} {:13.2f} GB", work.name,
                         training_bytes(work.parameters, 1, false) / 1e9);
    for (const int64_t P : {8, 64, 1024})
      table += fmt::format(" {:7.2f}", training_bytes(work.parameters, P, true) / 1e9);
    table += '\n';
  }
  lesson.say(
      "Memory for parameters, gradients and AdamW's state, in float32, without activations. ZeRO "
      "(stage 1) divides the state, half of this, among the processes:");
  lesson.lines(table);
}

void show_what_is_too_large(Lesson& lesson) {
  const Workload& xl = workloads[2];
  const auto C = static_cast<double>(xl.C);
  const auto L = static_cast<double>(xl.layers);
  lesson.say(
      "Data-parallel training needs the whole model in each process. GPT-3 has 175 billion "
      "parameters: 1.4 TB for them and their gradients alone. Gradus does not train such models. "
      "It would take one of these, or both:");
  lesson.say(
      "Tensor parallel: each matrix is divided among machines, which all compute a part of every "
      "layer. They add their parts four times in each block (twice in forward, twice in backward; "
      "Shoeybi et al., \"Megatron-LM\", 2019), and nothing can go on before. For GPT-2 XL and 8 "
      "machines each sends {:.1f} MB for every token, against {:.3f} MB of gradients for every "
      "token of a batch of a million. So it is used only inside a machine, or where the network is "
      "as fast as memory.",
      4 * L * 2 * 4 * C * 7 / 8 / 1e6, 2 * 4 * xl.parameters / (1024.0 * 1024) / 1e6);
  lesson.say(
      "Pipeline parallel: each machine has some of the layers. It sends {:.4f} MB for each token "
      "to "
      "the next machine, and as much back, which is little; but P machines are busy together only "
      "if M micro-batches follow each other, and a part (P - 1) / (M + P - 1) of the time is lost "
      "at "
      "the beginning and the end: {:.0f}% for 8 machines and 32 micro-batches (Huang et al., "
      "\"GPipe\", 2019).",
      4 * C / 1e6, 100 * 7.0 / (32 + 7));
}

}  // namespace gradus::lessons
