//! Tests of the program and of the repository as a whole.

mod accounts;
mod api;
mod backups;
mod commands;
mod configuration;
mod crash;
mod demo;
mod faults;
mod faults_database;
mod faults_disk;
mod faults_lock;
mod faults_start;
mod faults_wire;
mod guide;
mod imports;
mod load;
mod peers;
mod process;
mod samples;
mod scene;
mod serving;
mod stopping;
mod tidy;
mod two_nodes;
