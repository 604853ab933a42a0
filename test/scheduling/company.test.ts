import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Company } from '../../src/scheduling/company.js';

const horizonUs = 300;

/** So many clients send again 50 µs after their answers, 10 µs apart, and run together for 400 µs. */
function playTogether(
  clients: number,
  rounds: number,
  company = new Company(horizonUs),
  fromUs = 0,
): Company {
  let nowUs = fromUs;
  for (let round = 0; round < rounds; round++) {
    nowUs += 50;
    for (let client = 1; client <= clients; client++) company.arrived((nowUs += 10), client);
    company.ran((nowUs += 400), 0);
  }
  return company;
}

test('a client that waits for its answers is known to be alone', () => {
  const company = playTogether(1, 10);
  assert.equal(company.chance(company.placeAfterArrival(1)), 0);
  assert.equal(company.isAll(1), true);
});

test('of eight clients seven are known to be followed soon, and eight to be all', () => {
  const company = playTogether(8, 30);
  for (let inSystem = 1; inSystem < 8; inSystem++) {
    const place = company.placeAfterArrival(inSystem);
    assert.ok(company.chance(place) > 0.9, `${inSystem}: ${company.chance(place)}`);
    assert.ok(Math.abs(company.gapUs(place) - 10) < 1);
    assert.equal(company.isAll(inSystem), false);
  }
  assert.equal(company.isAll(8), true);
});

test('company that stays away is given up within some ten runs, and believed again as soon', () => {
  const company = playTogether(8, 100);
  playTogether(2, 16, company, 1e6);
  assert.ok(company.chance(company.placeAfterArrival(2)) < 0.3);
  playTogether(8, 16, company, 2e6);
  assert.ok(company.chance(company.placeAfterArrival(2)) > 0.7);
});

test('what was never seen is not said to be all', () => {
  assert.equal(new Company(horizonUs).isAll(3), false);
});

test('the way back of answers is learnt apart from the gap between arrivals', () => {
  const company = new Company(horizonUs);
  // Two groups of two: one runs while the other comes back.
  for (let round = 0, nowUs = 0; round < 50; round++) {
    company.ran((nowUs += 300), 2);
    company.arrived((nowUs += 90), 3);
    company.arrived((nowUs += 5), 4);
  }
  company.ran(1e6, 2);
  assert.ok(Math.abs(company.gapUs(company.place(2)) - 90) < 5);
  assert.ok(Math.abs(company.gapUs(company.placeAfterArrival(3)) - 5) < 1);
});

test('a run that ends before anybody was to be expected teaches nothing', () => {
  const company = playTogether(4, 50);
  const before = company.chance(company.placeAfterArrival(2));
  for (let nowUs = 1e6; nowUs < 1.1e6; nowUs += 1000) {
    company.arrived(nowUs, 2);
    company.ran(nowUs + 3, 0);
  }
  assert.equal(company.chance(company.placeAfterArrival(2)), before);
});

test('an arrival beyond the horizon is no company', () => {
  const company = new Company(horizonUs);
  for (let nowUs = 1000; nowUs < 100_000; nowUs += 1000) company.arrived(nowUs, 2);
  assert.equal(company.chance(company.placeAfterArrival(1)), 0);
});

test('a thousand in the system are learnt as one is', () => {
  const company = new Company(horizonUs);
  for (let nowUs = 0; nowUs < 1000; nowUs += 10) company.arrived(nowUs, 5001);
  assert.ok(company.chance(company.placeAfterArrival(5000)) > 0.9);
  assert.equal(company.chance(company.placeAfterArrival(500)), 0);
});
