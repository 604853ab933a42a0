/** Work for the tests of the pool: answers what it is given, fails, or takes its thread down. */
export default async function work(task: string): Promise<string> {
  if (task === 'fail') throw new Error('as asked');
  if (task === 'die') process.exit(3);
  return `${task} done`;
}
