// A runner that does at once whatever its task's stage says. It needs no LibTorch: a shell script.
#pragma once

namespace espalier::testing {

inline constexpr const char* kFakeRunner = R"SH(#!/bin/sh
echo '{"hello":{"libtorch":"1.13.1","engines":["onednn"],"isa":"avx2","device_class":"cpu|fake"}}' >&3
while read -r line <&3; do
  attempt=$(printf '%s' "$line" | sed 's/.*"attempt":\([0-9]*\).*/\1/')
  folder=$(printf '%s' "$line" | sed 's/.*"folder":"\([^"]*\)".*/\1/')
  echo "log of attempt $attempt" >&2
  case "$line" in
    *'"stage":"train"'*|*'"stage":"copy"'*)
      case "$line" in
        *'"stage":"copy"'*) cp "$(printf '%s' "$line" | sed 's/.*"inputs":{"[a-z]*":"\([^"]*\)".*/\1/')" "$folder/model.pt" ;;
        *) printf 'weights of %s' "$attempt" >"$folder/model.pt" ;;
      esac
      for step in 1 2 3; do
        echo "{\"progress\":{\"attempt\":$attempt,\"fraction\":0.5,\"note\":\"epoch $step\",\"points\":[{\"name\":\"loss\",\"step\":$step,\"value\":0.1}]}}" >&3
      done
      echo "{\"finished\":{\"attempt\":$attempt,\"outcome\":\"succeeded\",\"metrics\":[{\"name\":\"pid\",\"value\":$$,\"unit\":\"\",\"ci_low\":null,\"ci_high\":null,\"samples\":0}],\"outputs\":[{\"name\":\"model\",\"path\":\"$folder/model.pt\"}]}}" >&3 ;;
    *'"stage":"fail"'*)
      echo "{\"finished\":{\"attempt\":$attempt,\"outcome\":\"failed\",\"reason\":\"no such layer\",\"retryable\":false}}" >&3 ;;
    *'"stage":"crash"'*) kill -SEGV $$ ;;
    *'"stage":"saves"'*)
      printf 'state of %s' "$attempt" >"$folder/checkpoint-40.pt"
      echo "{\"progress\":{\"attempt\":$attempt,\"fraction\":0.4,\"note\":\"\",\"points\":[],\"checkpoint\":{\"path\":\"$folder/checkpoint-40.pt\",\"step\":40}}}" >&3
      kill -KILL $$ ;;
    *'"stage":"fence"'*)
      echo "{\"finished\":{\"attempt\":$attempt,\"outcome\":\"failed\",\"reason\":\"pid $$, fence $(printf '%s' "$3" | tr -d '"'), HOME=$HOME\",\"retryable\":false}}" >&3 ;;
    *'"stage":"steal"'*)
      echo "{\"finished\":{\"attempt\":$attempt,\"outcome\":\"succeeded\",\"metrics\":[],\"outputs\":[{\"name\":\"model\",\"path\":\"/etc/hostname\"}]}}" >&3 ;;
    *'"stage":"steal-checkpoint"'*)
      echo "{\"progress\":{\"attempt\":$attempt,\"fraction\":0.4,\"note\":\"\",\"points\":[],\"checkpoint\":{\"path\":\"/etc/hostname\",\"step\":40}}}" >&3
      echo "{\"finished\":{\"attempt\":$attempt,\"outcome\":\"failed\",\"reason\":\"done\",\"retryable\":false}}" >&3 ;;
    *'"stage":"write"'*)
      head -c 3000000 /dev/zero >"$folder/big"
      read -r forever <&3 ;;
    *'"stage":"chatty"'*)  # 300,000 points
      awk -v attempt="$attempt" 'BEGIN {
        for (line = 0; line < 300; ++line) {
          printf "{\"progress\":{\"attempt\":%d,\"fraction\":0.5,\"note\":\"\",\"points\":[", attempt
          for (point = 0; point < 1000; ++point)
            printf "%s{\"name\":\"loss\",\"step\":%d,\"value\":0.1}", (point ? "," : ""), line * 1000 + point
          print "]}}"
        }
      }' >&3
      echo "{\"finished\":{\"attempt\":$attempt,\"outcome\":\"failed\",\"reason\":\"said it all\",\"retryable\":false}}" >&3 ;;
    *'"stage":"garbage"'*) echo 'what?' >&3 ;;
    *'"stage":"refused"'*)
      echo "{\"finished\":{\"attempt\":$attempt,\"outcome\":\"out_of_memory\",\"reason\":\"an allocation failed\",\"retryable\":true}}" >&3 ;;
    *'"stage":"greedy"'*)
      echo "{\"progress\":{\"attempt\":$attempt,\"fraction\":0,\"note\":\"\",\"points\":[],\"needs_bytes\":734003200}}" >&3
      hoard=$(head -c 100000000 /dev/zero | tr '\0' x)
      read -r forever <&3 ;;
    *'"stage":"hang"'*)
      echo "{\"progress\":{\"attempt\":$attempt,\"fraction\":0.1,\"note\":\"pid $$\",\"points\":[]}}" >&3
      read -r forever <&3 ;;
  esac
done
)SH";

}  // namespace espalier::testing
