#include "distributed/mpi_transport.h"

#include <cstdlib>

#ifdef GRADUS_MPI
#include <mpi.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <thread>
#include <vector>

namespace gradus::distributed {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kCallTag = 1;
constexpr int kDataTag = 2;
constexpr int kWaitingTag = 3;
constexpr size_t kLargestMessage = size_t{1} << 30;  // MPI counts with an int
constexpr auto kPatience = std::chrono::seconds(2);  // before asking what the other one does
constexpr auto kPatienceAtTheEnd = std::chrono::seconds(5);

void check_mpi(int status, const char* function) {
  if (status == MPI_SUCCESS) return;
  std::array<char, MPI_MAX_ERROR_STRING> text{};
  int length = 0;
  MPI_Error_string(status, text.data(), &length);
  fail("{}: {}", function, text.data());
}

/// The time between two tests for a message. Most messages arrive within the time that falling
/// asleep takes, so at first this one tests all the time, and with more processes than cores lets
/// others run between the tests. Then it sleeps, longer if it has waited for long: the core belongs
/// to the computation.
class Wait {
 public:
  explicit Wait(bool has_core) : has_core_(has_core) {}
  void sleep() {
    ++count_;
    if (has_core_ ? !is_longer_than(kTesting) : count_ <= kTests) {
      if (!has_core_) std::this_thread::yield();
      return;
    }
    ++sleeps_;
    std::this_thread::sleep_for(std::chrono::microseconds(std::min(sleeps_, kLongest)));
  }
  bool is_longer_than(Clock::duration time) const { return Clock::now() - start_ > time; }

 private:
  static constexpr auto kTesting = std::chrono::microseconds(50);
  static constexpr int kTests = 50;
  static constexpr int64_t kLongest = 200;  // microseconds
  const bool has_core_;
  const Clock::time_point start_ = Clock::now();
  int64_t count_ = 0;
  int64_t sleeps_ = 0;
};

/// How many processes of the group are on this machine.
int processes_on_this_machine(MPI_Comm group) {
  MPI_Comm here = MPI_COMM_NULL;
  check_mpi(MPI_Comm_split_type(group, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &here),
            "MPI_Comm_split_type");
  int count = 1;
  MPI_Comm_size(here, &count);
  MPI_Comm_free(&here);
  return count;
}

class MpiTransport : public Transport {
 public:
  explicit MpiTransport(std::chrono::seconds timeout) : timeout_(timeout) {
    int initialized = 0;
    MPI_Initialized(&initialized);
    check(initialized == 0, "init_process_group: MPI was started before, by something else");
    int provided = 0;
    check_mpi(MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &provided), "MPI_Init_thread");
    check(provided >= MPI_THREAD_FUNNELED,
          "init_process_group: this MPI library does not allow threads");
    check_mpi(MPI_Comm_dup(MPI_COMM_WORLD, &group_), "MPI_Comm_dup");
    MPI_Comm_set_errhandler(group_, MPI_ERRORS_RETURN);
    MPI_Comm_rank(group_, &rank_);
    MPI_Comm_size(group_, &size_);
    has_core_ =
        processes_on_this_machine(group_) <= static_cast<int>(std::thread::hardware_concurrency());
  }
  MpiTransport(const MpiTransport&) = delete;
  MpiTransport& operator=(const MpiTransport&) = delete;

  ~MpiTransport() override {
    MPI_Request all_are_here = MPI_REQUEST_NULL;
    MPI_Ibarrier(group_, &all_are_here);
    Wait wait(has_core_);
    int done = 0;
    while (MPI_Test(&all_are_here, &done, MPI_STATUS_IGNORE) == MPI_SUCCESS && done == 0) {
      wait.sleep();
      if (!wait.is_longer_than(kPatienceAtTheEnd)) continue;
      std::fprintf(stderr, "process %d has ended, but others have not; all are stopped\n", rank_);
      MPI_Abort(MPI_COMM_WORLD, EXIT_FAILURE);
    }
    MPI_Comm_free(&group_);
    MPI_Finalize();
  }

  int rank() const override { return rank_; }
  int size() const override { return size_; }

  void exchange(const Exchange& bytes, const Call& call) override {
    std::array<MPI_Request, 2> calls{MPI_REQUEST_NULL, MPI_REQUEST_NULL};
    std::vector<MPI_Request> data;
    Call theirs;
    if (bytes.from >= 0) {
      check_mpi(
          MPI_Irecv(&theirs, sizeof theirs, MPI_BYTE, bytes.from, kCallTag, group_, calls.data()),
          "MPI_Irecv");
    }
    if (bytes.to >= 0) {
      check_mpi(MPI_Isend(&call, sizeof call, MPI_BYTE, bytes.to, kCallTag, group_, &calls[1]),
                "MPI_Isend");
      for_each_message(bytes.send, [&](std::byte* part, int n) {
        check_mpi(MPI_Isend(part, n, MPI_BYTE, bytes.to, kDataTag, group_, &data.emplace_back()),
                  "MPI_Isend");
      });
    }
    wait_for(calls, bytes.from, call);
    if (bytes.from >= 0) {
      check_same_call(call, rank_, theirs, bytes.from);
      for_each_message(bytes.receive, [&](std::byte* part, int n) {
        check_mpi(MPI_Irecv(part, n, MPI_BYTE, bytes.from, kDataTag, group_, &data.emplace_back()),
                  "MPI_Irecv");
      });
    }
    wait_for(data, bytes.from, call);
  }

 private:
  template <class F>
  static void for_each_message(std::span<const std::byte> bytes, const F& f) {
    for (size_t begin = 0; begin < bytes.size(); begin += kLargestMessage) {
      const size_t n = std::min(kLargestMessage, bytes.size() - begin);
      f(const_cast<std::byte*>(bytes.data()) + begin,
        static_cast<int>(n));  // NOLINT: as MPI has it
    }
  }

  void wait_for(std::span<MPI_Request> requests, int from, const Call& call) {
    Wait wait(has_core_);
    bool has_asked = false;
    int done = 0;
    while (true) {
      check_mpi(MPI_Testall(static_cast<int>(requests.size()), requests.data(), &done,
                            MPI_STATUSES_IGNORE),
                "MPI_Testall");
      if (done != 0) return;
      wait.sleep();
      if (!wait.is_longer_than(kPatience)) continue;
      if (from >= 0 && !has_asked) ask(from, call);
      has_asked = true;
      answer_questions(call);
      check(!wait.is_longer_than(timeout_), "process {} has waited {} seconds for process {}: {}",
            rank_, timeout_.count(), from, to_string(call));
    }
  }

  /// Tells a process which call waits for it. Two processes that make different calls may both wait
  /// for the other one's message.
  void ask(int other, const Call& call) {
    asked_ = call;
    MPI_Request request = MPI_REQUEST_NULL;
    check_mpi(MPI_Isend(&asked_, sizeof asked_, MPI_BYTE, other, kWaitingTag, group_, &request),
              "MPI_Isend");
    check_mpi(MPI_Request_free(&request), "MPI_Request_free");
  }

  /// Throws if another process waits for this one in another call of the same number.
  void answer_questions(const Call& call) const {
    int is_there = 0;
    MPI_Status status;
    check_mpi(MPI_Iprobe(MPI_ANY_SOURCE, kWaitingTag, group_, &is_there, &status), "MPI_Iprobe");
    if (is_there == 0) return;
    Call theirs;
    check_mpi(MPI_Recv(&theirs, sizeof theirs, MPI_BYTE, status.MPI_SOURCE, kWaitingTag, group_,
                       MPI_STATUS_IGNORE),
              "MPI_Recv");
    if (theirs.number == call.number) check_same_call(call, rank_, theirs, status.MPI_SOURCE);
  }

  const std::chrono::seconds timeout_;
  MPI_Comm group_ = MPI_COMM_NULL;
  int rank_ = 0;
  int size_ = 1;
  bool has_core_ = false;  // for each process of this machine
  Call asked_;             // sent by ask
};

}  // namespace

bool is_available() { return true; }

std::string mpi_library() {
#if defined(OPEN_MPI)
  return "Open MPI";
#elif defined(MPICH)
  return "MPICH";
#else
  return "this MPI library";
#endif
}

std::unique_ptr<Transport> start_mpi(std::chrono::seconds timeout) {
  return std::make_unique<MpiTransport>(timeout);
}

}  // namespace gradus::distributed

#else

namespace gradus::distributed {

bool is_available() { return false; }

std::string mpi_library() { return "no MPI library"; }

std::unique_ptr<Transport> start_mpi(std::chrono::seconds /*timeout*/) {
  fail("init_process_group: {}", how_to_get_mpi());
}

}  // namespace gradus::distributed

#endif

namespace gradus::distributed {

std::string mpirun() {
  if (const char* const chosen = std::getenv("GRADUS_MPIRUN")) return chosen;
  return GRADUS_MPIRUN;
}

std::string how_to_get_mpi() {
  return "this build of Gradus has no MPI. Install it (Debian and Ubuntu: apt-get install "
         "libopenmpi-dev openmpi-bin, or libmpich-dev mpich; macOS: brew install open-mpi) and "
         "build again";
}

}  // namespace gradus::distributed
