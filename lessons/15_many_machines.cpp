// Lesson 15: one model is trained by several processes. What they send each other, why the numbers
// stay the same in every bit, what it costs, and what many machines would need.
#include <algorithm>
#include <bit>
#include <cmath>

#include "distributed/mpi_transport.h"
#include "gradus.h"
#include "lessons/kit/lesson.h"
#include "lessons/machines/network.h"
#include "lessons/machines/overlap.h"
#include "lessons/machines/pictures.h"
#include "lessons/machines/prediction.h"
#include "lessons/machines/predictions.h"
#include "lessons/machines/training.h"
#include "lessons/training/training_text.h"

using namespace gradus;
using namespace gradus::lessons;

namespace {

const About about{
    .number = 15,
    .title = "Many machines",
    .builds = "the same training in many processes",
    .seconds = 15,
    .goals = {"divide a batch among processes, and add their gradients",
              "say what is sent, how often and how much",
              "predict how long a step takes on 8 or 1,024 machines"},
    .question =
        "a step of GPT-2 takes a second here, and its training has 300,000 of them. Eight machines "
        "should need an eighth of the time. What must they tell each other, and do they still "
        "compute the same?",
    .options = {"text", "quick"},
    .own_text = "A text file to learn from",
};

const std::vector<Task> tasks{
    {"train", training_task}, {"all_reduce", all_reduce_task}, {"overlap", overlap_task}};

constexpr distributed::NetworkSpeed kOneGigabit{.seconds_per_message = 50e-6,
                                                .bytes_per_second = 125e6};

void parts_of_a_batch(Lesson& lesson, const Tensor& ids, const ParallelSizes& sizes) {
  lesson.step("1", "The gradient of a batch is a sum");
  lesson.say(
      "The loss of a batch is the mean over its sequences, so its gradient is the mean of their "
      "gradients. A batch that is too large for the memory can be computed in parts, called "
      "micro-batches, one after the other (gradient accumulation), or by several processes at the "
      "same time (data-parallel training). Both are the same sum. Here: {} micro-batches of {} "
      "sequences.",
      sizes.micro_batches, sizes.micro_batch);
  lesson.code("lessons/machines/training.cpp", "train_step");
  const GradientsOfBatch g = gradients_of_one_batch(ids, sizes);
  lesson.equal("the sum over micro-batches is the gradient of the batch", g.tree, g.of_batch, 1e-5);
  const auto different = [&](const Tensor& x) {
    return ne(x, g.tree).to(kInt64).sum().item<int64_t>();
  };
  lesson.say(
      "Equal within rounding, but not in every bit: of {} numbers, {} differ between the sum and "
      "the batch at once, and {} if the parts are added one after the other instead of in pairs. "
      "Sums of floating-point numbers are rounded, so their order matters:",
      grouped(g.tree.numel()), grouped(different(g.of_batch)), grouped(different(g.in_turn)));
  const float a = 1e8F;
  const float b = -1e8F;
  const float c = 1.25F;
  lesson.lines(fmt::format("  (1e8 + -1e8) + 1.25 = {}\n  1e8 + (-1e8 + 1.25) = {}", (a + b) + c,
                           a + (b + c)));
  lesson.say(
      "If a training is to give the same bits with any number of processes, the order must not "
      "depend on how many there are. Gradus adds the micro-batches in pairs, then pairs of pairs: "
      "one fixed tree. A process computes a part of this tree, and the rest is added between the "
      "processes. With two of them:");
  lesson.lines(tree_picture(sizes.micro_batches, 2));
}

/// The trainings with 1, 2 and 4 processes.
using Trainings = std::vector<std::pair<int64_t, ParallelTraining>>;

uint64_t bits_of(double x) { return std::bit_cast<uint64_t>(x); }

Trainings one_two_four(Lesson& lesson, const Tensor& ids, const ParallelSizes& sizes) {
  lesson.step("2", "The same training in 1, 2 and 4 processes");
  lesson.say(
      "Each process has the whole model. In each step it computes its micro-batches, adds its "
      "gradients to those of the others with all_reduce, and takes the step of AdamW, the same as "
      "all others. This lesson starts itself with mpirun ({}).",
      distributed::mpi_library());
  Trainings trainings;
  for (const int64_t P : {1, 2, 4})
    trainings.emplace_back(P, train_in_processes(P, ids, sizes));
  std::string table =
      "  step      1 process    2 processes    4 processes   the bits of the first\n";
  const ParallelTraining& one = trainings[0].second;
  for (size_t i = 0; i < one.losses.size(); i += std::max<size_t>(1, one.losses.size() / 5))
    table += fmt::format("  {:4} {:14.10f} {:14.10f} {:14.10f}   {:016x}\n", i + 1, one.losses[i],
                         trainings[1].second.losses[i], trainings[2].second.losses[i],
                         bits_of(one.losses[i]));
  lesson.lines(table);
  for (size_t i = 1; i < trainings.size(); ++i) {
    const auto& [P, other] = trainings[i];
    lesson.holds(fmt::format("{} processes: all {} losses have the same bits", P, sizes.steps),
                 std::ranges::equal(one.losses, other.losses, {}, bits_of, bits_of));
    lesson.holds(fmt::format("{} processes: all {} parameters have the same bits", P,
                             grouped(one.parameters.numel())),
                 equal(one.parameters, other.parameters));
  }
  lesson.often_asked(
      "What about dropout?",
      "A mask must not depend on which process draws it. So ./run train sets the generator before "
      "each micro-batch, to a seed that is made from the step and the number of the micro-batch.");
  lesson.often_asked(
      "Must I change the learning rate when I use more machines?",
      "Not if the batch stays the same, as here: then it is the same training, only faster. Many "
      "people let each machine have a batch of its own, so that the batch grows with their number. "
      "That is another training, which needs fewer steps and another learning rate.");
  return trainings;
}

void what_is_sent(Lesson& lesson, const Trainings& trainings, const ParallelSizes& sizes) {
  lesson.step("3", "What is sent");
  lesson.say(
      "all_reduce gives every process the sum of all. If each sent its whole vector to all others, "
      "P processes would send P - 1 times n numbers each. Instead each adds only a part of the "
      "vector. Two processes exchange halves; four exchange halves, then quarters. Below, the four "
      "parts of the vector, each with the processes whose numbers are in it:");
  lesson.lines(halves_picture());
  lesson.say(
      "Then each process has one part of the sum, and the parts are sent back the same way. On "
      "this "
      "way and back, each process sends 2 n (P - 1) / P numbers in 2 log2(P) messages: "
      "less "
      "than 2 n, however many processes there are. ZeRO's parameters travel along a ring: each "
      "process sends to the next one what it got from the one before.");
  lesson.lines(ring_picture());
  const auto n = static_cast<double>(trainings[0].second.parameters.numel());
  std::string table = "  processes  all_reduces a step   bytes a step   2 * 4 n (P - 1) / P\n";
  for (const auto& [P, training] : trainings) {
    const double bytes =
        static_cast<double>(training.bytes_sent) / static_cast<double>(sizes.steps);
    const double expected = 8 * n * static_cast<double>(P - 1) / static_cast<double>(P);
    table += fmt::format("  {:9} {:19} {:14.0f} {:21.0f}\n", P, training.calls / sizes.steps, bytes,
                         expected);
    if (P > 1)
      lesson.holds(fmt::format("{} processes: the bytes are those of the formula within 2%", P),
                   std::abs(bytes - expected) <= 0.02 * expected);
  }
  lesson.lines(table);
  lesson.say(
      "A few more bytes than in the formula: the loss, and for each parameter a number that says "
      "whether the process has a gradient for it. The activations, the inputs and the optimiser's "
      "state are never sent.");
}

void where_the_time_goes(Lesson& lesson, const Trainings& trainings, const ParallelSizes& sizes) {
  lesson.step("4", "Where the time of a step goes");
  std::string table = "  processes    a step   computing    waiting   sending, beside computing\n";
  for (const auto& [P, t] : trainings) {
    const double scale = 1e3 / static_cast<double>(sizes.steps);
    table +=
        fmt::format("  {:9} {:6.2f} ms {:8.2f} ms {:7.2f} ms {:14.2f} ms\n", P, t.seconds * scale,
                    (t.seconds - t.seconds_waited) * scale, t.seconds_waited * scale,
                    std::max(0.0, t.seconds_sending - t.seconds_waited) * scale);
  }
  lesson.lines(table);
  lesson.say(
      "All processes are on this machine and share its cores, so the batch is not done much faster "
      "than by one process with all of them; and with more processes than cores they also wait for "
      "each other. The model is tiny: what is computed in a step hardly pays for what is sent. "
      "Step 7 asks what happens with larger models on separate machines.");
}

void beside_backward(Lesson& lesson) {
  lesson.step("5", "Sending while backward computes");
  lesson.say(
      "The gradient of the last layer is there long before that of the first. Gradients are "
      "collected in buckets, and a bucket is sent as soon as it is full, by a thread of its own. "
      "Two processes train a larger GPT in a network that is made slow on purpose: 1 Gbit/s, 50 "
      "microseconds a message. Time goes from left to right:");
  const Overlap t = measure_overlap(kOneGigabit, lesson.quick());
  lesson.lines(timeline(t, lesson.canvas()));
  const double predicted = seconds_waited(t.alone.backward, t.after.communication,
                                          std::ssize(t.beside.buckets), Sending::beside);
  lesson.lines(
      fmt::format("  {} parameters, {} buckets, the fastest of 5 steps\n"
                  "  forward                                    {:7.1f} ms\n"
                  "  backward                                   {:7.1f} ms\n"
                  "  communication, alone                       {:7.1f} ms\n"
                  "  step, sending after backward               {:7.1f} ms\n"
                  "  step, sending while backward computes      {:7.1f} ms\n"
                  "  of it, waiting                             {:7.1f} ms\n"
                  "  waiting, as predicted from the other times {:7.1f} ms",
                  grouped(t.parameters), t.beside.buckets.size(), 1e3 * t.alone.forward,
                  1e3 * t.alone.backward, 1e3 * t.after.communication, 1e3 * t.after.seconds,
                  1e3 * t.beside.seconds, 1e3 * t.beside.waited, 1e3 * predicted));
  lesson.say(
      "The prediction: sending begins when the first of B buckets is computed, and the last bucket "
      "is sent after backward. So the process waits until max(backward / B + communication, "
      "backward + communication / B). A network is hidden completely but for its last bucket if it "
      "is faster than backward.");
}

/// alpha and beta of messages on this machine.
void what_a_message_costs(Lesson& lesson) {
  lesson.step("6", "What a message costs");
  const std::vector<Measured> measured = measure_all_reduce(2, lesson.quick() ? 4096 : 1 << 22);
  const distributed::NetworkSpeed speed = fit(measured, 2);
  std::string table = "     numbers    measured       model\n";
  std::vector<double> bytes;
  std::vector<double> seconds;
  std::vector<double> model;
  for (const Measured& m : measured) {
    const double predicted = seconds_of_all_reduce(speed, 2, static_cast<double>(m.elements));
    table += fmt::format("  {:10} {:8.1f} us {:8.1f} us\n", grouped(m.elements), 1e6 * m.seconds,
                         1e6 * predicted);
    bytes.push_back(std::log2(static_cast<double>(4 * m.elements)));
    seconds.push_back(1e6 * m.seconds);
    model.push_back(1e6 * predicted);
  }
  lesson.say(
      "The alpha-beta model: a message of n bytes takes alpha + n / beta seconds. all_reduce "
      "between two processes of this machine, and the model with the alpha and beta that fit "
      "best:");
  lesson.lines(table);
  lesson.log_plot("microseconds, by the logarithm of the bytes (base 2)", bytes,
                  {{"measured", 'o', seconds}, {"model", '.', model}});
  lesson.say(
      "alpha = {:.1f} microseconds, beta = {:.2f} GB/s (with the additions). Two numbers describe "
      "times over six powers of ten; in between, caches and the way MPI sends long messages make "
      "them differ. Short messages cost alpha, however short they are: that is why gradients are "
      "sent in buckets, and not one parameter at a time.",
      1e6 * speed.seconds_per_message, speed.bytes_per_second / 1e9);
}

void what_is_missing(Lesson& lesson, const std::string& why) {
  lesson.step("2 to 6", "Several processes");
  lesson.say("Steps 2 to 6 need several processes, and none can be started here: {}", why);
}

void lesson_15(Lesson& lesson) {
  ParallelSizes sizes;
  if (lesson.quick()) {
    sizes.steps = 4;
    sizes.model.emb_dim = 32;
  }
  const TrainingText text =
      training_text(lesson, sizes.model.context_length, lesson.quick() ? 20'000U : 200'000U);
  sizes.model.vocab_size = text.letters.vocab_size();
  parts_of_a_batch(lesson, text.train, sizes);
  if (const std::string why = why_no_processes(); why.empty()) {
    const Trainings trainings = one_two_four(lesson, text.train, sizes);
    what_is_sent(lesson, trainings, sizes);
    where_the_time_goes(lesson, trainings, sizes);
    beside_backward(lesson);
    what_a_message_costs(lesson);
  } else {
    what_is_missing(lesson, why);
  }
  lesson.step("7", "Many machines, predicted");
  show_many_machines(lesson);
  lesson.step("8", "When the model is too large for one machine");
  show_what_is_too_large(lesson);
  lesson.try_next(
      {"./run train FILE --processes 2: the same for your own text, then --processes 4 --resume",
       "docs/distributed.md: mpirun by hand, several machines, Slurm",
       "kill -9 one of the processes while it trains: what is said, and is the checkpoint whole?",
       "kOneGigabit in lessons/15_many_machines.cpp: how slow may the network be?"});
}

}  // namespace

int main(int argc, char** argv) {
  if (const std::optional<int> status = join_lesson(argc, argv, tasks)) return *status;
  return run_lesson(argc, argv, about, lesson_15);
}
