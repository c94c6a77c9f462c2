// What is loaded only when somebody opens the view that needs it.
export const terminal = () => import(TERMINAL);
