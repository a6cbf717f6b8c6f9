#include "worker/agent/cache.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "common/base/hash.hpp"

namespace espalier::agent {
namespace {

class CacheOfFiles : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "cache_test-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
    cache_.emplace(Cache::open(folder_, 250).value());
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  ContentHash put(char letter) {
    std::ofstream(folder_ / "file") << std::string(100, letter);
    const auto hash = cache_->store().take(folder_ / "file").value();
    cache_->add(hash);
    for (const auto& path : cache_->take_surplus()) std::filesystem::remove(path);
    return hash;
  }
  void open_again(std::int64_t limit) {
    cache_.reset();
    cache_.emplace(Cache::open(folder_, limit).value());
  }

  std::filesystem::path folder_;
  std::optional<Cache> cache_;
};

TEST_F(CacheOfFiles, TheLeastRecentlyUsedGoesFirst) {
  const auto a = put('a'), b = put('b');
  cache_->use(a);
  const auto c = put('c');
  EXPECT_TRUE(cache_->has(a));
  EXPECT_FALSE(cache_->has(b));
  EXPECT_TRUE(cache_->has(c));
  EXPECT_FALSE(std::filesystem::exists(cache_->path_of(b)));
  EXPECT_EQ(cache_->bytes(), 200);
}

TEST_F(CacheOfFiles, WhatIsPinnedStaysUntilItsLastPinIsGone) {
  const auto a = put('a');
  auto pin = cache_->pin(a);
  {
    const auto another = cache_->pin(a);
    put('b');
    put('c');
  }
  put('d');
  EXPECT_TRUE(cache_->has(a));
  pin = Cache::Pin();
  put('e');
  EXPECT_FALSE(cache_->has(a));
}

TEST_F(CacheOfFiles, IsFoundAgainInItsOrderAndCutToANewLimit) {
  const auto a = put('a'), b = put('b');
  cache_->use(a);
  open_again(250);
  EXPECT_TRUE(cache_->has(a) && cache_->has(b));
  EXPECT_FALSE(cache_->is_unchecked(a));
  open_again(150);
  EXPECT_TRUE(cache_->has(a));
  EXPECT_FALSE(cache_->has(b));
}

TEST_F(CacheOfFiles, IsUncheckedAfterTheMachineHasStartedAnew) {
  const auto a = put('a');
  std::ofstream(folder_ / "boot") << "another boot";
  open_again(250);
  EXPECT_TRUE(cache_->is_unchecked(a));
  cache_->use(a);
  EXPECT_FALSE(cache_->is_unchecked(a));
}

}  // namespace
}  // namespace espalier::agent
