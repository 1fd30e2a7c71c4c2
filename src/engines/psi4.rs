//! stub
use super::*;
pub struct Psi4;
impl Psi4 {
    pub fn new() -> Self {
        Self
    }
}
impl Engine for Psi4 {
    fn name(&self) -> &'static str {
        "psi4"
    }
    fn refusals(&self, _: Driver, _: &Chemistry, _: Needs) -> Vec<Refusal> {
        vec![]
    }
    fn find(&self, _: &Guard) -> Result<Option<Found>, Missing> {
        Ok(None)
    }
    fn start_s(&self) -> f64 {
        1.0
    }
    fn run(&self, _: &Job, _: &Site) -> Result<Answer, Cause> {
        Err(Cause::Failed("stub".into()))
    }
}
