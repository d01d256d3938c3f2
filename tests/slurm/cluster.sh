#!/usr/bin/env bash
# A real Slurm on this one machine, for tests: a controller, accounting and three nodes, all below one folder.
#
#   cluster.sh start FOLDER [none]   start it; "none": a cluster without accounting
#   cluster.sh stop FOLDER           end its daemons (and no other), by the process ids they wrote down
#
# As root. Put FOLDER/bin first on PATH to use it (its commands set SLURM_CONF; the executor's job steps drop that
# variable). Nothing outside FOLDER is written. SLURM_TEST_PORT (17100) is the first of the ports it listens on, at
# 127.0.0.1.
set -euo pipefail
command=$1
folder=$(realpath -m "$2")
accounting=${3:-slurmdbd}
port=${SLURM_TEST_PORT:-17100}
host=$(hostname -s)
export PATH=$PATH:/usr/sbin

# pids of the daemons this folder knows, in the order in which they are to end
pids() {
    cat "$folder"/run/{slurmd-n?,slurmctld,slurmdbd,mariadb,munged}.pid 2>/dev/null || true
}

# wait_for WHAT SECONDS COMMAND...
wait_for() {
    local what=$1 seconds=$2
    shift 2
    for ((i = 0; i < seconds * 5; i++)); do
        if "$@" >/dev/null 2>&1; then return; fi
        sleep 0.2
    done
    echo "cluster: $what did not come up in $seconds s; see $folder/log" >&2
    tail -n 5 "$folder"/log/*.log >&2
    exit 1
}

stop() {
    # job steps first: they are the nodes' children, in sessions of their own
    if [ -e "$folder/slurm.conf" ]; then
        SLURM_CONF=$folder/slurm.conf timeout 10 scancel --user=root --full --signal=KILL 2>/dev/null || true
    fi
    local pid
    for pid in $(pids); do
        kill "$pid" 2>/dev/null || true
        for ((i = 0; i < 50; i++)); do
            kill -0 "$pid" 2>/dev/null || break
            sleep 0.2
        done
        kill -9 "$pid" 2>/dev/null || true
    done
    rm -f "$folder"/run/*.pid
}

start() {
    mkdir -p "$folder"/{run,log,state,data,spool}
    chmod 755 "$folder" "$folder"/{run,log,state,spool}
    head -c 1024 /dev/urandom >"$folder/munge.key"
    chmod 400 "$folder/munge.key"
    munged --force --key-file="$folder/munge.key" --socket="$folder/run/munge.socket" \
        --pid-file="$folder/run/munged.pid" --log-file="$folder/log/munged.log" --seed-file="$folder/munge.seed"

    if [ "$accounting" = slurmdbd ]; then
        database
    fi
    slurm_conf >"$folder/slurm.conf"
    mkdir -p "$folder/bin"
    for client in sbatch srun squeue sacct scancel scontrol sinfo sacctmgr sshare; do
        printf '#!/bin/sh\nSLURM_CONF=%s exec /usr/bin/%s "$@"\n' "$folder/slurm.conf" "$client" >"$folder/bin/$client"
        chmod +x "$folder/bin/$client"
    done
    export SLURM_CONF=$folder/slurm.conf
    if [ "$accounting" = slurmdbd ]; then
        (umask 077; slurmdbd_conf >"$folder/slurmdbd.conf")
        slurmdbd
        wait_for slurmdbd 30 sacctmgr -n show cluster
        sacctmgr -i add cluster test >/dev/null
    fi
    slurmctld -c
    wait_for slurmctld 30 scontrol ping
    for node in n1 n2 n3; do
        slurmd -N "$node"
    done
    wait_for "the three nodes" 60 idle
}

idle() {
    [ "$(sinfo -h -N -t idle | wc -l)" -eq 3 ]
}

database() {
    mariadb-install-db --no-defaults --user="$(id -un)" --datadir="$folder/data" --skip-test-db \
        --auth-root-authentication-method=normal >"$folder/log/install-db.log" 2>&1
    cat >"$folder/init.sql" <<END
CREATE DATABASE IF NOT EXISTS slurm;
CREATE USER IF NOT EXISTS slurm@'127.0.0.1' IDENTIFIED BY 'slurm';
GRANT ALL ON slurm.* TO slurm@'127.0.0.1';
END
    mariadbd --no-defaults --user="$(id -un)" --datadir="$folder/data" --socket="$folder/run/mariadb.socket" \
        --pid-file="$folder/run/mariadb.pid" --bind-address=127.0.0.1 --port=$((port + 6)) --skip-name-resolve \
        --innodb-buffer-pool-size=64M --innodb-log-file-size=16M --innodb-lock-wait-timeout=900 \
        --init-file="$folder/init.sql" >"$folder/log/mariadb.log" 2>&1 &
    disown
    wait_for MariaDB 60 mariadb --no-defaults --host=127.0.0.1 --port=$((port + 6)) --user=slurm --password=slurm slurm -e 'SELECT 1'
}

slurmdbd_conf() {
    cat <<END
AuthType=auth/munge
AuthInfo=socket=$folder/run/munge.socket
DbdHost=$host
DbdAddr=127.0.0.1
DbdPort=$((port + 5))
SlurmUser=$(id -un)
LogFile=$folder/log/slurmdbd.log
PidFile=$folder/run/slurmdbd.pid
StorageType=accounting_storage/mysql
StorageHost=127.0.0.1
StoragePort=$((port + 6))
StorageUser=slurm
StoragePass=slurm
StorageLoc=slurm
END
}

slurm_conf() {
    cat <<END
ClusterName=test
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$((port + 4))
SlurmUser=$(id -un)
AuthType=auth/munge
AuthInfo=socket=$folder/run/munge.socket
CredType=cred/munge
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool/%n
SlurmctldPidFile=$folder/run/slurmctld.pid
SlurmdPidFile=$folder/run/slurmd-%n.pid
SlurmctldLogFile=$folder/log/slurmctld.log
SlurmdLogFile=$folder/log/slurmd-%n.log
MailProg=/bin/true
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=1,bf_interval=1
JobAcctGatherType=jobacct_gather/linux
# without these two nothing is ever killed for the memory it takes
JobAcctGatherParams=OverMemoryKill
JobAcctGatherFrequency=task=1
AccountingStorageType=accounting_storage/$accounting
$([ "$accounting" = none ] || printf '%s\n' AccountingStorageHost=127.0.0.1 AccountingStoragePort=$((port + 5)) "AccountingStoragePass=$folder/run/munge.socket" AccountingStoreFlags=job_comment)
ReturnToService=1
SlurmdTimeout=10
KillWait=3
MinJobAge=300
# nodes take what is written below for true, however small the machine is
SlurmdParameters=config_overrides
JobRequeue=1
$(for n in 1 2 3; do echo "NodeName=n$n NodeHostname=$host NodeAddr=127.0.0.1 Port=$((port + n)) CPUs=2 RealMemory=24000 State=UNKNOWN"; done)
PartitionName=main Nodes=ALL Default=YES MaxTime=1-00:00:00 State=UP OverSubscribe=NO
END
}

case $command in
    start) start ;;
    stop) stop ;;
    *) echo "cluster.sh start|stop FOLDER [none]" >&2; exit 2 ;;
esac
