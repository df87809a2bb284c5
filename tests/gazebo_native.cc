// A peer on Gazebo's own transport library, for tests of ours.
//
//   publish TOPIC COUNT   waits for a listener, publishes StringMsg "0", "1" .., then waits for end
//   count TOPIC COUNT     says "ready"; hears that many StringMsg, says how many came in order
//   serve SERVICE         answers StringMsg with Boolean: whether it is "good"
//   call SERVICE TEXT     calls that service and says what was answered
//
// Ends when its standard input does.
#include <atomic>
#include <chrono>
#include <iostream>
#include <string>
#include <thread>

#include <ignition/msgs/boolean.pb.h>
#include <ignition/msgs/stringmsg.pb.h>
#include <ignition/transport/Node.hh>

using Text = ignition::msgs::StringMsg;
using Truth = ignition::msgs::Boolean;

namespace {

void wait_for_end() {
  std::string line;
  while (std::getline(std::cin, line)) {
  }
}

int publish(const std::string &topic, int count) {
  ignition::transport::Node node;
  auto publisher = node.Advertise<Text>(topic);
  while (!publisher.HasConnections())
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  for (int i = 0; i < count; ++i) {
    Text text;
    text.set_data(std::to_string(i));
    publisher.Publish(text);
    // The library keeps 1,000 messages for a listener that lags, and drops the rest.
    if (i % 500 == 499) std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  std::cout << "published" << std::endl;
  wait_for_end();
  return 0;
}

int count(const std::string &topic, int expected) {
  ignition::transport::Node node;
  std::atomic<int> next{0};
  std::function<void(const Text &)> hear = [&](const Text &text) {
    if (text.data() == std::to_string(next)) ++next;
    if (next == expected) std::cout << "counted " << expected << std::endl;
  };
  node.Subscribe(topic, hear);
  std::cout << "ready" << std::endl;
  wait_for_end();
  return 0;
}

int serve(const std::string &service) {
  ignition::transport::Node node;
  std::function<bool(const Text &, Truth &)> answer = [](const Text &text, Truth &truth) {
    truth.set_data(text.data() == "good");
    return text.data() != "fail";
  };
  node.Advertise(service, answer);
  std::cout << "ready" << std::endl;
  wait_for_end();
  return 0;
}

int call(const std::string &service, const std::string &data) {
  ignition::transport::Node node;
  Text text;
  text.set_data(data);
  Truth truth;
  bool good = false;
  const bool answered = node.Request(service, text, 10000u, truth, good);
  std::cout << (!answered ? "silence" : !good ? "failure" : truth.data() ? "yes" : "no")
            << std::endl;
  return 0;
}

}  // namespace

int main(int argc, char **argv) {
  const std::string mode = argc > 2 ? argv[1] : "";
  if (mode == "serve") return serve(argv[2]);
  if (mode == "publish" && argc > 3) return publish(argv[2], std::stoi(argv[3]));
  if (mode == "count" && argc > 3) return count(argv[2], std::stoi(argv[3]));
  if (mode == "call" && argc > 3) return call(argv[2], argv[3]);
  return 2;
}
