#!/usr/bin/env bash
# Generates what is committed from proto/sampan/plugin/v1/plugin.proto:
#
#   OUT/proto/sampan/plugin/v1/plugin.pb.go, plugin_grpc.pb.go    for Go
#   OUT/plugins/python/src/sampan/_proto/plugin.binpb             the descriptor set from which the Python SDK builds its messages
#
# usage: proto/gen.sh [OUT]     (OUT: the repository's root if not given)
# The tools are fetched at fixed versions and kept in build/.
set -euo pipefail
cd "$(dirname "$0")/.."
out=${1:-.}
tools=build/proto-tools
grpcio_tools=1.85.1
protoc_gen_go=v1.36.12
protoc_gen_go_grpc=v1.6.2

stamp=$tools/$grpcio_tools-$protoc_gen_go-$protoc_gen_go_grpc
if [ ! -e "$stamp" ]; then
	rm -rf "$tools"
	python3 -m venv "$tools/venv"
	"$tools/venv/bin/pip" install --quiet --disable-pip-version-check "grpcio-tools==$grpcio_tools"
	GOBIN="$PWD/$tools/bin" go install "google.golang.org/protobuf/cmd/protoc-gen-go@$protoc_gen_go"
	GOBIN="$PWD/$tools/bin" go install "google.golang.org/grpc/cmd/protoc-gen-go-grpc@$protoc_gen_go_grpc"
	touch "$stamp"
fi

python=plugins/python/src/sampan/_proto
mkdir -p "$out/proto" "$out/$python"
PATH="$PWD/$tools/bin:$PATH" "$tools/venv/bin/python" -m grpc_tools.protoc \
	--proto_path=proto \
	--go_out="$out/proto" --go_opt=paths=source_relative \
	--go-grpc_out="$out/proto" --go-grpc_opt=paths=source_relative \
	--include_imports --descriptor_set_out="$out/$python/plugin.binpb" \
	sampan/plugin/v1/plugin.proto
