#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Explores the catalogue (or one pitfall) with many seeds, one array task per seed:
#
#   make                                   # once, on a node with the compute nodes' processors
#   sbatch --array=1-64 ci/slurm.sh
#   sbatch --array=1-64 ci/slurm.sh locks/lock_order_ab_ba --schedules 100000
#
# Each task writes build/slurm-<job>/<seed>/ and ends with the command's exit code (sacct lists them).
#SBATCH --job-name=chicane
#SBATCH --ntasks=1
#SBATCH --cpus-per-task=1
#SBATCH --mem=1G
#SBATCH --time=00:30:00
#SBATCH --output=race-%A-%a.log
set -euo pipefail

# Slurm runs a copy of this script, so its own place says nothing: submit from the checkout.
checkout=${SLURM_SUBMIT_DIR:-$PWD}
if [[ ! -x "$checkout/build/bin/chicane" ]]; then
  echo "slurm.sh: no build/bin/chicane below $checkout; run make there, and submit from there" >&2
  exit 2
fi

seed=${SLURM_ARRAY_TASK_ID:-1}
results=$checkout/build/slurm-${SLURM_ARRAY_JOB_ID:-local}/$seed
mkdir -p "$results"
cd "$checkout"
exec build/bin/chicane run --seed "$seed" --json "$results/report.json" --witness-dir "$results" "$@"
