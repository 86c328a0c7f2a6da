//! Row level security as the restricted logins meet it: who may do what with which row, the attacks that must fail, the
//! catalogue's rules, the doors, the start-up check and the migrations. Each test has a database of its own.

mod attacks;
mod catalogue;
mod describe;
mod doors;
mod entities;
mod erasure;
mod grants;
mod matrix;
mod migrations;
mod people;
mod powers;
mod session;
mod stage;
mod tables;
