# The workflow and all it calls, for sites that run containers: docker build -t myeloma .
# (Apptainer: docker save myeloma | apptainer build myeloma.sif docker-archive:/dev/stdin)
# Built from the same files as `make setup`. Continuous integration does not build it.
FROM debian:12-slim
RUN apt-get update && apt-get install -y --no-install-recommends make && rm -rf /var/lib/apt/lists/*
WORKDIR /opt/myeloma
COPY setup setup
COPY envs envs
COPY Makefile .
RUN make setup && rm -rf /var/lib/apt/lists/* /root/.cache /root/.m2
COPY . .
# any user may run it; the project is read-only, results go to --directory
ENV HOME=/tmp PATH=/opt/myeloma/.tools/bin:/opt/myeloma/.venv/bin:$PATH
ENTRYPOINT ["/opt/myeloma/run"]
