// A peer with Gazebo's physics layer (ignition-physics with DART) and its transport: not Gazebo.
//
//   gazebo_physics WORLD.sdf [FACTOR]
//
// Loads a world, and steps it at 1 ms. Of Gazebo's systems it has, written anew:
//   VelocityControl    Twist on /model/NAME/cmd_vel; before each step a body gets that velocity
//   OdometryPublisher  Odometry on /model/NAME/odometry, 50 times a second of the world's time
//   Contact            Contacts on /world/WORLD/model/NAME/link/LINK/sensor/contact/contact, looked
//                      at 100 times a second
//   /clock, and WorldControl on /world/WORLD/control with `pause` and `multi_step`
//   EntityFactory on /world/WORLD/create: a model described by its SDF is put into the world, and
//                      Entity on /world/WORLD/remove: one that is no AGV is taken out of it
//   JointPositionController with velocity commands: Double on the topic that the model names; a
//                      joint is held where it is until it is told where to be
// It has no other system: no batteries, no detachable joints.
//
// It stands until `control` says otherwise; with FACTOR it runs so many times faster than the wall
// clock, with 0 as fast as it can. It says "ready", and "contact A B" for each two collisions that
// touch and ought not to, once: an AGV may touch the ground and what it carries. Then "mute NAME"
// and "heard NAME" on its standard input stop and begin odometry, and "where MODEL LINK" is answered
// with "at X Y Z", or with "nowhere"; at its end it says how long the world has run and the wall
// clock meanwhile [s].
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <functional>
#include <iostream>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <ignition/msgs/boolean.pb.h>
#include <ignition/msgs/clock.pb.h>
#include <ignition/msgs/contacts.pb.h>
#include <ignition/msgs/double.pb.h>
#include <ignition/msgs/entity.pb.h>
#include <ignition/msgs/entity_factory.pb.h>
#include <ignition/msgs/odometry.pb.h>
#include <ignition/msgs/twist.pb.h>
#include <ignition/msgs/world_control.pb.h>
#include <ignition/physics/ForwardStep.hh>
#include <ignition/physics/FrameSemantics.hh>
#include <ignition/physics/FreeGroup.hh>
#include <ignition/physics/GetContacts.hh>
#include <ignition/physics/GetEntities.hh>
#include <ignition/physics/Joint.hh>
#include <ignition/physics/RemoveEntities.hh>
#include <ignition/physics/RequestEngine.hh>
#include <ignition/physics/sdf/ConstructModel.hh>
#include <ignition/physics/sdf/ConstructWorld.hh>
#include <ignition/plugin/Loader.hh>
#include <ignition/transport/Node.hh>
#include <sdf/Model.hh>
#include <sdf/Root.hh>
#include <sdf/World.hh>

namespace {

namespace physics = ignition::physics;
namespace msgs = ignition::msgs;

using Features = physics::FeatureList<
    physics::ForwardStep, physics::GetContactsFromLastStepFeature, physics::GetEntities,
    physics::LinkFrameSemantics, physics::FindFreeGroupFeature,
    physics::SetFreeGroupWorldVelocity, physics::GetBasicJointProperties,
    physics::GetBasicJointState, physics::SetJointVelocityCommandFeature,
    physics::RemoveModelFromWorld, physics::sdf::ConstructSdfModel,
    physics::sdf::ConstructSdfWorld>;
using World = physics::World3dPtr<Features>;
using Link = physics::Link3dPtr<Features>;
using Joint = physics::Joint3dPtr<Features>;
using Group = physics::FreeGroup3dPtr<Features>;

const char *const kEngine = "libignition-physics5-dartsim-plugin.so.5";
const char *const kPlugin = "ignition::physics::dartsim::Plugin";
constexpr int kContactSteps = 10;
constexpr int kOdometrySteps = 20;
constexpr int kClockSteps = 10;
constexpr double kStepS = 0.001;

struct Vehicle {
  std::string name;
  Link body;
  Group group;
  ignition::transport::Node::Publisher odometry, contacts;
  msgs::Twist command;
  bool muted = false;
};

struct Driven {
  Joint joint;
  double speed_max;
  std::optional<double> target;
};

bool has_system(const sdf::ElementPtr &model, const std::string &name) {
  for (auto plugin = model->FindElement("plugin"); plugin; plugin = plugin->GetNextElement("plugin"))
    if (plugin->Get<std::string>("filename").find(name) != std::string::npos) return true;
  return false;
}

class Peer {
 public:
  Peer(const sdf::World &described, World world) : name_(described.Name()), world_(world) {
    for (std::uint64_t i = 0; i < described.ModelCount(); ++i) add_systems(*described.ModelByIndex(i));
    clock_ = node_.Advertise<msgs::Clock>("/clock");
    std::function<bool(const msgs::WorldControl &, msgs::Boolean &)> control =
        [this](const msgs::WorldControl &order, msgs::Boolean &done) {
          const std::lock_guard<std::mutex> lock(mutex_);
          running_ = !order.pause() && order.multi_step() == 0;
          left_ += order.multi_step();
          changed_.notify_all();
          done.set_data(true);
          return true;
        };
    node_.Advertise("/world/" + name_ + "/control", control);
    std::function<bool(const msgs::EntityFactory &, msgs::Boolean &)> create =
        [this](const msgs::EntityFactory &order, msgs::Boolean &done) {
          const std::lock_guard<std::mutex> lock(mutex_);
          due_.push_back([this, description = order.sdf()] { put(description); });
          changed_.notify_all();
          done.set_data(true);
          return true;
        };
    node_.Advertise("/world/" + name_ + "/create", create);
    std::function<bool(const msgs::Entity &, msgs::Boolean &)> remove =
        [this](const msgs::Entity &order, msgs::Boolean &done) {
          const std::lock_guard<std::mutex> lock(mutex_);
          done.set_data(order.type() == msgs::Entity::MODEL && !vehicles_.count(order.name()));
          if (done.data()) due_.push_back([this, name = order.name()] { world_->RemoveModel(name); });
          changed_.notify_all();
          return true;
        };
    node_.Advertise("/world/" + name_ + "/remove", remove);
  }

  // Until `end`. A factor of 0 is as fast as it goes.
  void run(bool running, double factor) {
    running_ = running;
    const auto began = std::chrono::steady_clock::now();
    auto due = began;
    while (true) {
      {
        std::unique_lock<std::mutex> lock(mutex_);
        changed_.wait(
            lock, [this] { return ended_ || running_ || left_ > 0 || !due_.empty(); });
        if (ended_) break;
        for (const auto &order : due_) order();
        due_.clear();
        if (!running_ && left_ == 0) continue;
        if (left_ > 0) --left_;
        command();
      }
      step();
      if (factor > 0) {
        due += std::chrono::nanoseconds(static_cast<std::int64_t>(1e6 / factor));
        std::this_thread::sleep_until(due);
      }
    }
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
    std::cout << "ran " << static_cast<double>(steps_) / 1000 << " s in " << took.count() << " s"
              << std::endl;
  }

  void mute(const std::string &name, bool muted) {
    const std::lock_guard<std::mutex> lock(mutex_);
    vehicles_.at(name).muted = muted;
  }

  void say_where(const std::string &model, const std::string &link) {
    const std::lock_guard<std::mutex> lock(mutex_);
    due_.push_back([this, model, link] {
      const auto found = world_->GetModel(model);
      if (!found || !found->GetLink(link)) {
        std::cout << "nowhere" << std::endl;
        return;
      }
      const Eigen::Vector3d at =
          found->GetLink(link)->FrameDataRelativeToWorld().pose.translation();
      std::cout << "at " << at.x() << " " << at.y() << " " << at.z() << std::endl;
    });
    changed_.notify_all();
  }

  void end() {
    const std::lock_guard<std::mutex> lock(mutex_);
    ended_ = true;
    changed_.notify_all();
  }

 private:
  void add_vehicle(const std::string &name) {
    const auto model = world_->GetModel(name);
    Vehicle vehicle;
    vehicle.name = name;
    vehicle.body = model->GetLink("body");
    vehicle.group = model->FindFreeGroup();
    vehicle.odometry = node_.Advertise<msgs::Odometry>("/model/" + name + "/odometry");
    vehicle.contacts = node_.Advertise<msgs::Contacts>(
        "/world/" + name_ + "/model/" + name + "/link/body/sensor/contact/contact");
    vehicles_.emplace(name, vehicle);
    std::function<void(const msgs::Twist &)> hear = [this, name](const msgs::Twist &twist) {
      const std::lock_guard<std::mutex> lock(mutex_);
      vehicles_.at(name).command = twist;
    };
    node_.Subscribe("/model/" + name + "/cmd_vel", hear);
  }

  void add_systems(const sdf::Model &described) {
    if (has_system(described.Element(), "velocity-control")) add_vehicle(described.Name());
    const auto model = world_->GetModel(described.Name());
    const auto element = described.Element();
    for (auto plugin = element->FindElement("plugin"); plugin;
         plugin = plugin->GetNextElement("plugin")) {
      if (!plugin->HasElement("joint_name")) continue;
      const std::size_t number = driven_.size();
      driven_.push_back({model->GetJoint(plugin->Get<std::string>("joint_name")),
                         plugin->Get<double>("cmd_max"), std::nullopt});
      std::function<void(const msgs::Double &)> hear = [this, number](const msgs::Double &target) {
        const std::lock_guard<std::mutex> lock(mutex_);
        driven_[number].target = target.data();
      };
      node_.Subscribe(plugin->Get<std::string>("topic"), hear);
    }
  }

  // With the lock held.
  void put(const std::string &description) {
    sdf::Root root;
    if (!root.LoadSdfString(description).empty() || !root.Model()) return;
    world_->ConstructModel(*root.Model());
    add_systems(*root.Model());
  }

  void command() {
    for (auto &[name, vehicle] : vehicles_) {
      const Eigen::Matrix3d turned = vehicle.body->FrameDataRelativeToWorld().pose.linear();
      const auto &linear = vehicle.command.linear(), &angular = vehicle.command.angular();
      vehicle.group->SetWorldLinearVelocity(
          turned * Eigen::Vector3d(linear.x(), linear.y(), linear.z()));
      vehicle.group->SetWorldAngularVelocity(
          turned * Eigen::Vector3d(angular.x(), angular.y(), angular.z()));
    }
    for (auto &driven : driven_) {
      const double left = driven.target ? *driven.target - driven.joint->GetPosition(0) : 0.0;
      const double speed = std::clamp(left / kStepS, -driven.speed_max, driven.speed_max);
      driven.joint->SetVelocityCommand(0, speed);
    }
  }

  void step() {
    physics::ForwardStep::Output output;
    physics::ForwardStep::State state;
    physics::ForwardStep::Input input;
    input.Get<std::chrono::steady_clock::duration>() = std::chrono::milliseconds(1);
    world_->Step(output, state, input);
    ++steps_;
    if (steps_ % kContactSteps == 0) look_at_contacts();
    if (steps_ % kOdometrySteps == 0)
      for (auto &[name, vehicle] : vehicles_) tell(vehicle);
    if (steps_ % kClockSteps == 0) {
      msgs::Clock clock;
      stamp(clock.mutable_sim());
      clock_.Publish(clock);
    }
  }

  void stamp(msgs::Time *time) const {
    time->set_sec(steps_ / 1000);
    time->set_nsec(static_cast<std::int32_t>(steps_ % 1000) * 1'000'000);
  }

  void tell(Vehicle &vehicle) {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (vehicle.muted) return;
    }
    const auto data = vehicle.body->FrameDataRelativeToWorld();
    const Eigen::Matrix3d turned = data.pose.linear();
    const double yaw = std::atan2(turned(1, 0), turned(0, 0));
    const Eigen::Vector3d moves = turned.transpose() * data.linearVelocity;
    msgs::Odometry told;
    stamp(told.mutable_header()->mutable_stamp());
    told.mutable_pose()->mutable_position()->set_x(data.pose.translation().x());
    told.mutable_pose()->mutable_position()->set_y(data.pose.translation().y());
    told.mutable_pose()->mutable_orientation()->set_z(std::sin(yaw / 2));
    told.mutable_pose()->mutable_orientation()->set_w(std::cos(yaw / 2));
    told.mutable_twist()->mutable_linear()->set_x(moves.x());
    told.mutable_twist()->mutable_linear()->set_y(moves.y());
    told.mutable_twist()->mutable_angular()->set_z(data.angularVelocity.z());
    vehicle.odometry.Publish(told);
  }

  // What an AGV must not touch: all but the ground and what stands on its deck.
  void look_at_contacts() {
    std::map<std::string, msgs::Contacts> told;
    for (const auto &contact : world_->GetContactsFromLastStep()) {
      const auto &point = contact.Get<physics::World3d<Features>::ContactPoint>();
      const auto &one = names(point.collision1), &other = names(point.collision2);
      for (const auto &[agv, what] : {std::make_pair(one, other), std::make_pair(other, one)}) {
        if (!vehicles_.count(agv.first) || what.first == "_ground" ||
            what.first == agv.first + "-load")
          continue;
        auto *entry = told[agv.first].add_contact();
        entry->mutable_collision1()->set_name(agv.second);
        entry->mutable_collision2()->set_name(what.second);
        if (seen_.emplace(agv.second, what.second).second)
          std::cout << "contact " << agv.second << " " << what.second << std::endl;
      }
    }
    for (auto &[name, contacts] : told) vehicles_.at(name).contacts.Publish(contacts);
  }

  // Of a collision: its model's, and its own in full.
  template <typename Shape>
  const std::pair<std::string, std::string> &names(const Shape &shape) {
    auto found = names_.find(shape->EntityID());
    if (found == names_.end()) {
      const auto link = shape->GetLink();
      const std::string model = link->GetModel()->GetName();
      const std::string full = model + "::" + link->GetName() + "::" + shape->GetName();
      found = names_.emplace(shape->EntityID(), std::make_pair(model, full)).first;
    }
    return found->second;
  }

  std::string name_;
  World world_;
  ignition::transport::Node node_;
  ignition::transport::Node::Publisher clock_;
  std::map<std::string, Vehicle> vehicles_;
  std::vector<Driven> driven_;
  std::map<std::size_t, std::pair<std::string, std::string>> names_;
  std::set<std::pair<std::string, std::string>> seen_;
  std::int64_t steps_ = 0;
  std::mutex mutex_;  // of all below, and of commands and who is muted
  std::condition_variable changed_;
  bool running_ = false, ended_ = false;
  std::uint64_t left_ = 0;
  std::vector<std::function<void()>> due_;  // what is to be done between two steps
};

}  // namespace

int main(int argc, char **argv) {
  if (argc < 2) return 2;
  sdf::Root root;
  for (const auto &error : root.Load(argv[1])) {
    std::cerr << error.Message() << std::endl;
    return 1;
  }
  ignition::plugin::Loader loader;
  loader.LoadLib(kEngine);
  const auto engine = physics::RequestEngine3d<Features>::From(loader.Instantiate(kPlugin));
  if (!engine) {
    std::cerr << "the engine lacks a feature" << std::endl;
    return 1;
  }
  const sdf::World &described = *root.WorldByIndex(0);
  Peer peer(described, engine->ConstructWorld(described));
  std::thread listener([&peer] {
    std::string line, order, name, link;
    while (std::getline(std::cin, line)) {
      std::istringstream words(line);
      words >> order >> name >> link;
      if (order == "where")
        peer.say_where(name, link);
      else
        peer.mute(name, order == "mute");
    }
    peer.end();
  });
  std::cout << "ready" << std::endl;
  peer.run(argc > 2, argc > 2 ? std::stod(argv[2]) : 0.0);
  listener.join();
  return 0;
}
